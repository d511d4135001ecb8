-- Working together on calls: teams, what people speak and know, who looks after a call, by which rule, mentions in notes, and what was put off.
-- New tables, and columns with defaults: the previous version runs on without seeing them.

alter table members
  add column languages text[] not null default '{}',   -- none: any
  add column skills text[] not null default '{}',
  add column work_mail boolean not null default true;  -- a letter when a call is given to them, or somebody mentions them

create table teams (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  name text not null,
  languages text[] not null default '{}',
  skills text[] not null default '{}',
  week jsonb not null default '[[],[],[],[],[],[],[]]',  -- Monday first, see reception::hours::Week; without any hour: always
  return_after_min int check (return_after_min > 0),     -- what nobody takes up goes on after so long; absent: never
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint teams_org_key unique (org_id, id)
);
create unique index teams_name_key on teams (org_id, lower(name));

-- Who leaves the organisation leaves its teams.
create table team_members (
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  team_id uuid not null,
  account_id uuid not null,
  last_given_at timestamptz,                             -- whose turn it is: those who waited longest
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (team_id, account_id),
  foreign key (org_id, team_id) references teams (org_id, id) on delete cascade,
  foreign key (org_id, account_id) references members (org_id, account_id) on delete cascade
);
create index team_members_account_idx on team_members (org_id, account_id);

create table work_rules (
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  cause text not null check (cause in ('urgent', 'complaint', 'human', 'message')),
  team_id uuid not null,
  way text not null check (way in ('queue', 'round_robin', 'least_busy', 'skills')),
  due_min int check (due_min > 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, cause),
  foreign key (org_id, team_id) references teams (org_id, id) on delete cascade
);

-- Who looks after a call. One row a call, kept when it is done or let go, so that no rule gives it out again. Calls are partitioned, so no
-- foreign key. Who leaves the organisation, or a team that is dissolved, leaves the place empty: the call waits in the queue above.
create table call_assignments (
  call_id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  team_id uuid,
  account_id uuid,
  status text not null default 'open' check (status in ('open', 'waiting', 'done')),
  cause text not null,                                   -- hand, or the rule's
  way text not null default 'queue',                     -- how a person of the team is found, now and when it goes on
  language text,                                         -- what the call asks of people
  skills text[] not null default '{}',
  due_at timestamptz,
  given_by uuid references accounts on delete set null,
  given_at timestamptz not null,
  taken_at timestamptz,                                  -- the person said yes
  return_at timestamptz,                                 -- goes on then, unless it was taken up
  returned_at timestamptz,
  tried uuid[] not null default '{}',                    -- who let it lie
  done_at timestamptz,
  done_by uuid references accounts on delete set null,
  dropped_at timestamptz,                                -- nobody needs to look after it
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (org_id, team_id) references teams (org_id, id) on delete set null (team_id),
  foreign key (org_id, account_id) references members (org_id, account_id) on delete set null (account_id)
);
create index call_assignments_person_idx on call_assignments (org_id, account_id, status) where dropped_at is null;
create index call_assignments_team_idx on call_assignments (org_id, team_id, status) where dropped_at is null;
create index call_assignments_return_idx on call_assignments (return_at) where return_at is not null and status = 'open';

-- Who is meant by a note.
create table note_mentions (
  note_id uuid not null references call_notes on delete cascade,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  account_id uuid not null,
  call_id uuid not null,
  by_id uuid references accounts on delete set null,
  done_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (note_id, account_id),
  foreign key (org_id, account_id) references members (org_id, account_id) on delete cascade
);
create index note_mentions_open_idx on note_mentions (org_id, account_id, created_at) where done_at is null;

-- What a person put off, or has seen, of their inbox. An item is a kind and an id: `call:call_01…`.
create table inbox_marks (
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  account_id uuid not null,
  item text not null,
  read_at timestamptz,
  snoozed_until timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, account_id, item),
  foreign key (org_id, account_id) references members (org_id, account_id) on delete cascade
);

select zencall_tenant_table('teams');
select zencall_tenant_table('team_members');
select zencall_tenant_table('work_rules');
select zencall_tenant_table('call_assignments');
select zencall_tenant_table('note_mentions');
select zencall_tenant_table('inbox_marks');

-- Calls are found by who looks after them and how it stands, as by their tags: marks that people set begin with `tag_`, and counting a call
-- anew leaves those alone. By a trigger, so that it holds, too, when somebody leaves and the place becomes empty.
create function mark_assignment() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    delete from call_marks where call_id = old.call_id and (mark like 'tag\_for:%' or mark like 'tag\_work:%');
  end if;
  if tg_op <> 'DELETE' and new.dropped_at is null then
    insert into call_marks (org_id, call_id, mark, created_at)
    select new.org_id, new.call_id, mark, uuid_time(new.call_id) from unnest(array[
      'tag_work:' || new.status,
      case when new.account_id is null then 'tag_for:nobody' else 'tag_for:' || new.account_id end,
      'tag_for:' || new.team_id
    ]) as mark where mark is not null
    on conflict do nothing;
  end if;
  return null;
end $$;
create trigger call_assignments_marked after insert or update or delete on call_assignments for each row execute function mark_assignment();
