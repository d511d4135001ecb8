-- A webhook is acknowledged once it is journalled together with what it proves. What is still to be folded into its call waits here: a group is
-- taken off by the transaction that folds it, so it is applied once whoever does it, and what a killed process leaves, another one finds.

create table hook_pending (
  id uuid primary key,
  told text not null,                    -- JSON: see calls::ingest::Told; no secret is in it
  created_at timestamptz not null,
  updated_at timestamptz not null default now()
);
do $$ begin
  alter table hook_pending alter column told set compression lz4;
exception when feature_not_supported then null;
end $$;
create index hook_pending_age_idx on hook_pending (created_at);

-- At that moment a call may not have its row yet: the journal knows it by the provider's id from now on.
-- `call_id` stays for the rows of before, and for the previous version.
create index hook_journal_ref_idx on hook_journal (provider_call_id, created_at) where provider_call_id is not null;
