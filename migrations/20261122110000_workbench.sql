-- What Home, assistants and integrations need besides their own rows: which calls are in progress, and which steps of the
-- checklist a person has set by hand.

-- Calls that are not over, for slices that must know (an assistant in use is not deleted). The invoker's row security applies.
create view calls_in_progress with (security_invoker = true) as
  select org_id, id, assistant_id, status, created_at from calls where not settled and status <> 'ended';
grant select on calls_in_progress to zencall_org;

-- Steps of the checklist that no other row proves: a live call was watched, the list was put away.
create table checklist_marks (
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  step text not null,
  account_id uuid references accounts on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, step)
);
select zencall_tenant_table('checklist_marks');

-- The provider's words about a number, as assistants have them.
alter table phone_numbers
  add column sync_state text not null default 'pending' check (sync_state in ('pending', 'in_step', 'refused')),
  add column sync_error text;
