-- The journal of incoming webhooks as something to look into and mend from. Everything here stays empty for a delivery that is accepted: its row
-- is written by the statement of before, and is no longer than it was.
set local lock_timeout = '10s';

alter table hook_journal
  add column detail jsonb,               -- of a rejected one: names of headers and times that say why, never a value
  add column times int,                  -- of a rejected one: how many deliveries the row stands for; absent: one
  add column last_at timestamptz,        -- when the last of them came
  add column replayed_at timestamptz,    -- when somebody last had it applied once more
  add column replayed_by text;           -- who: acc_…, key_…

-- What was rejected or set aside, found among millions that were not, which have no entry here. Months are indexed one after the other, beside
-- the writers, by the nightly duty; small ones at once.
create index hook_journal_trouble_idx on only hook_journal (org_id, created_at desc) where outcome in ('rejected', 'dead');
do $$
declare
  part regclass; index text;
begin
  for part in select inhrelid::regclass from pg_inherits where inhparent = 'hook_journal'::regclass loop
    continue when pg_relation_size(part) > 64 * 1024 * 1024;
    index := part || '_trouble_idx';
    execute format('create index %s on %s (org_id, created_at desc) where outcome in (''rejected'', ''dead'')', index, part);
    execute format('alter index hook_journal_trouble_idx attach partition %s', index);
  end loop;
end $$;
