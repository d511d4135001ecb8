-- What decides who answers: opening hours, days off, rules, the directory of people, callers who are known, calls to make, tools of one's own.
-- New tables, and a nullable column: the previous version runs on without seeing them.

-- One row an organisation, read whole at each incoming call: what is in it is small, and changes seldom.
create table receptions (
  org_id uuid primary key default current_setting('app.org_id')::uuid references orgs on delete cascade,
  week jsonb not null default '[[],[],[],[],[],[],[]]',  -- Monday first; spans of minutes, see reception::hours::Week
  days jsonb not null default '[]',                      -- days with hours of their own, see reception::hours::SpecialDay
  rules jsonb not null default '[]',                     -- in order, see reception::rules::Rule
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table reception_people (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  name text not null,
  number text not null,
  languages text[] not null default '{}',     -- none: any
  skills text[] not null default '{}',
  duty text not null default 'opening',       -- opening, always, own
  week jsonb not null default '[[],[],[],[],[],[],[]]', -- when duty is own
  urgent_only boolean not null default false,
  priority int not null default 1,            -- 1 is tried first
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (org_id, id)
);
create index reception_people_org_idx on reception_people (org_id, priority, name);

create table known_callers (
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  number text not null,
  name text not null default '',
  language text,
  is_vip boolean not null default false,
  is_blocked boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, number)
);

create table callbacks (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  call_id uuid,                               -- calls are partitioned, so no foreign key
  number text not null,
  caller_name text not null default '',
  wanted text not null default '',            -- when, in the caller's words
  why text not null default '',
  done_at timestamptz,
  done_by uuid references accounts on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index callbacks_open_idx on callbacks (org_id, id) where done_at is null;
create index callbacks_done_idx on callbacks (org_id, done_at desc) where done_at is not null;

create table http_tools (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  name text not null,
  description text not null,
  fields jsonb not null default '[]',         -- the arguments, see reception::http_tool::Argument
  url text not null,
  method text not null,                       -- GET, POST
  header_name text not null default '',
  header_sealed bytea,                        -- the secret header's value
  deadline_s int not null default 5,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint http_tools_name_key unique (org_id, name)
);

-- What a tool call was answered: told again it is answered the same, and nothing is done twice. Kept for a few days.
create table tool_runs (
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  tool_call_id text not null,
  call_id uuid not null,                      -- nil when the provider named no call
  is_error boolean not null default false,
  told text,                                  -- absent while it runs
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, call_id, tool_call_id)
);
create index tool_runs_age_idx on tool_runs (created_at);

select zencall_tenant_table('receptions');
select zencall_tenant_table('reception_people');
select zencall_tenant_table('known_callers');
select zencall_tenant_table('callbacks');
select zencall_tenant_table('http_tools');
select zencall_tenant_table('tool_runs');
