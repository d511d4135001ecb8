-- Rehearsals: scripted callers with expectations, their runs against drafts, and conversations somebody has with a draft by text.
-- None of it is a call: nothing here is counted, billed or shown as one. `assistants` reads the view `rehearsals_standing` and no table of these.

create table rehearsals (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  assistant_id uuid not null,
  name text not null,
  script jsonb not null,                 -- what the caller says and what is expected: see rehearsals::model::Script
  revision bigint not null default 1,    -- grows with each change: a run names the one it was made of
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (org_id, assistant_id) references assistants (org_id, id) on delete cascade,
  constraint rehearsals_org_id_key unique (org_id, id)
);
create index rehearsals_assistant_idx on rehearsals (assistant_id, id);

create table rehearsal_runs (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  rehearsal_id uuid not null,
  assistant_id uuid not null,
  rehearsal_revision bigint not null,
  settings_mark text,                    -- of what was rehearsed: the draft as it was read when the run began
  state text not null default 'waiting' check (state in ('waiting', 'running', 'passed', 'failed', 'broken')),
  report jsonb,                          -- lines and verdicts: see rehearsals::model::Report
  trouble text,                          -- why it broke: the provider's words, or a Trouble of ours
  cost_micro_usd bigint,                 -- absent when the provider did not say
  asked_by uuid references accounts on delete set null,
  started_at timestamptz,
  ended_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (org_id, rehearsal_id) references rehearsals (org_id, id) on delete cascade
);
create index rehearsal_runs_rehearsal_idx on rehearsal_runs (rehearsal_id, id desc);

-- A conversation somebody has with a draft. The provider's id of it never reaches the browser: one account there serves many organisations.
create table rehearsal_talks (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  assistant_id uuid not null,
  chat_ref text,                         -- the provider's newest chat of it
  turns int not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  foreign key (org_id, assistant_id) references assistants (org_id, id) on delete cascade
);
create index rehearsal_talks_org_idx on rehearsal_talks (org_id, created_at);

-- What an organisation wants of them.
create table rehearsal_rules (
  org_id uuid primary key default current_setting('app.org_id')::uuid references orgs on delete cascade,
  is_required boolean not null default false, -- a draft is published only when all its rehearsals pass
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

select zencall_tenant_table('rehearsals');
select zencall_tenant_table('rehearsal_runs');
select zencall_tenant_table('rehearsal_talks');
select zencall_tenant_table('rehearsal_rules');

-- Each rehearsal with its newest run. The invoker's row security applies.
create view rehearsals_standing with (security_invoker = true) as
  select r.org_id, r.assistant_id, r.id as rehearsal_id, r.name, r.revision, last.id as run_id, last.state, last.settings_mark,
    last.rehearsal_revision
  from rehearsals r
  left join lateral (select * from rehearsal_runs run where run.rehearsal_id = r.id order by run.id desc limit 1) last on true;
grant select on rehearsals_standing to zencall_org;

create view rehearsals_required with (security_invoker = true) as select org_id, is_required from rehearsal_rules;
grant select on rehearsals_required to zencall_org;
