-- Versions of assistants, drafts, and what the provider holds of each.
-- `assistants` stays what is published: everything that answers or makes a call reads it, in this version and in the one before. A draft stands
-- beside it. Whatever changes what is published makes a version, by a trigger: so a process of the previous version that saves meanwhile, a seed
-- or a person with psql leave one too. Who publishes through the program writes its own version first (who, why), and the trigger finds it there.

create table assistant_versions (
  assistant_id uuid not null,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  n int not null,                                 -- 1, 2, 3 …
  revision bigint not null,                       -- of the row in assistants: a push names it
  settings jsonb not null,                        -- see assistants::model::Settings
  published_by uuid references accounts on delete set null,
  published_at timestamptz not null,
  why text not null default '',
  restored_from int,                              -- the version whose settings these were
  provider_state text not null default 'pending' check (provider_state in ('pending', 'in_step', 'refused')),
  provider_words text,                            -- its refusal, or a Trouble of ours
  answered_at timestamptz,
  live_from timestamptz,                          -- when the provider first held it: calls from then on are its
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (assistant_id, n),
  constraint assistant_versions_revision_key unique (assistant_id, revision),
  foreign key (org_id, assistant_id) references assistants (org_id, id) on delete cascade
);

-- What a person prepares. The row stays when the draft is published or put away: its revision only grows.
create table assistant_drafts (
  assistant_id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  revision bigint not null default 0,
  settings jsonb,                                 -- absent: nothing is being prepared
  based_on int not null default 0,                -- the version that was published when it was begun
  restored_from int,
  saved_by uuid references accounts on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (org_id, assistant_id) references assistants (org_id, id) on delete cascade
);

-- What the provider answered to the last push, without its secrets, and how its copy differs since.
create table assistant_copies (
  assistant_id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  held jsonb not null default '{}',               -- the fields we wrote, as it gave them back; `server` is not kept
  checked_at timestamptz,
  check_wanted boolean not null default false,    -- a person asked; the next look takes it away
  drift jsonb,                                    -- see assistants::model::Drift; absent: nothing differs
  fingerprint text,                               -- of what differs
  found_at timestamptz,
  ignored text,                                   -- the fingerprint somebody has accepted
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (org_id, assistant_id) references assistants (org_id, id) on delete cascade
);

select zencall_tenant_table('assistant_versions');
select zencall_tenant_table('assistant_drafts');
select zencall_tenant_table('assistant_copies');

create function assistant_settings(a assistants) returns jsonb language sql immutable as $$
  select jsonb_build_object('name', a.name, 'language', a.language, 'voice', a.voice, 'first_message', a.first_message, 'prompt', a.prompt,
    'end_phrases', to_jsonb(a.end_phrases), 'max_duration_s', a.max_duration_s, 'transfer_numbers', a.transfer_numbers)
$$;

create function keep_assistant_version() returns trigger language plpgsql as $$
declare
  latest assistant_versions;
  published jsonb := assistant_settings(new);
begin
  select * into latest from assistant_versions where assistant_id = new.id order by n desc limit 1;
  if latest.n is null or latest.settings is distinct from published then
    insert into assistant_versions (assistant_id, org_id, n, revision, settings, published_at)
    values (new.id, new.org_id, coalesce(latest.n, 0) + 1, new.revision, published, new.updated_at);
  elsif latest.revision <> new.revision then -- saved again as it was: the push of this revision is that version's
    update assistant_versions set revision = new.revision, updated_at = now() where assistant_id = new.id and n = latest.n;
  end if;
  return null;
end $$;

create trigger assistants_versions
  after insert or update of name, language, voice, first_message, prompt, end_phrases, max_duration_s, transfer_numbers, revision on assistants
  for each row execute function keep_assistant_version();

-- What is published now is version 1: earlier saves were not kept.
insert into assistant_versions (assistant_id, org_id, n, revision, settings, published_at, provider_state, provider_words, answered_at, live_from)
select a.id, a.org_id, 1, a.revision, assistant_settings(a), case when a.revision = 1 then a.created_at else a.updated_at end,
  a.sync_state, a.sync_error, a.pushed_at,
  case when a.pushed_revision = a.revision then case when a.revision = 1 then a.created_at else least(a.updated_at, a.pushed_at) end end
from assistants a
where a.deleted_at is null
on conflict do nothing;

-- What a version's figures are counted from; calls own their table. The invoker's row security applies.
create view calls_by_assistant with (security_invoker = true) as
  select org_id, assistant_id, created_at, answered_at, duration_s, outcome from calls;
grant select on calls_by_assistant to zencall_org;
