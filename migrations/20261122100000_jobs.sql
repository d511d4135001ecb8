-- Background work lives in its own schema, so that a job can be written in the transaction that causes it and so that the
-- queue can be dumped, truncated or moved without touching what customers own. Rows are short-lived: done means deleted.
create schema jobs;

create table jobs.job (
  id bigint generated always as identity primary key,
  queue text not null,
  kind text not null,
  version smallint not null default 1,                  -- shape of the payload, see Job::VERSION
  tenant uuid not null default '00000000-0000-0000-0000-000000000000',   -- whose turn it is when many wait; nil is the house
  payload jsonb not null,
  key text,                                             -- at most one waiting or running job per queue and key
  trace text,                                           -- request id of whoever caused it
  state smallint not null default 0 constraint job_state_known check (state in (0, 1, 2)),   -- 0 ready, 1 running, 2 dead
  run_at timestamptz not null default now(),
  attempts integer not null default 0,
  max_attempts integer not null default 20 constraint job_max_attempts_positive check (max_attempts > 0),
  backoff integer[],                                    -- optional ladder in seconds, else 5 s * 2^n capped at 24 h
  fence bigint not null default 0,                      -- grows at every claim: the answer of a frozen worker no longer matches
  worker text,
  lease_until timestamptz,
  again_at timestamptz,                                 -- a keyed enqueue came while it was running
  last_error text,
  died_at timestamptz,
  created_at timestamptz not null default now()
) with (
  fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_vacuum_threshold = 500
);

create unique index job_queue_key_key on jobs.job (queue, key) where key is not null and state < 2;
create index job_due on jobs.job (queue, run_at) where state = 0;
create index job_tenant_due on jobs.job (queue, tenant, run_at) where state = 0;
create index job_lease on jobs.job (lease_until) where state = 1;
create index job_dead on jobs.job (queue, id) where state = 2;

-- Cron without a leader: whoever moves next_at wins and enqueues in the same transaction.
create table jobs.cron (
  name text primary key,
  pattern text not null,
  next_at timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- Enqueueing and finishing also happen inside an organisation's transaction, whose role must not read the table: the payloads
-- of every organisation are in it. So both are functions with their owner's rights, and the table is granted to nobody.
create function jobs.enqueue(
  queue text, kind text, version smallint, payload jsonb, tenant uuid, key text, run_at timestamptz, max_attempts integer,
  backoff integer[], trace text
) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  job_id bigint;
  is_due boolean;
begin
  insert into jobs.job as j (queue, kind, version, payload, tenant, key, run_at, max_attempts, backoff, trace)
  values ($1, $2, $3, $4, coalesce($5, '00000000-0000-0000-0000-000000000000'), $6, coalesce($7, now()), $8, nullif($9, '{}'), $10)
  on conflict (queue, key) where key is not null and state < 2 do update
  set kind = excluded.kind, version = excluded.version, payload = excluded.payload, trace = excluded.trace,
      max_attempts = excluded.max_attempts, backoff = excluded.backoff,
      run_at = case j.state when 0 then least(j.run_at, excluded.run_at) else j.run_at end,
      again_at = case j.state when 1 then least(j.again_at, excluded.run_at) end
  returning j.id, j.run_at <= now() into job_id, is_due;
  if is_due then
    perform pg_notify('jobs', $1);
  end if;
  return job_id;
end
$$;

-- False: the lease was lost, the caller rolls back. The row is locked first, so that the choice between deleting it and
-- running it once more cannot be overtaken.
create function jobs.finish(id bigint, fence bigint) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  wanted_again timestamptz;
begin
  select j.again_at into wanted_again from jobs.job as j where j.id = $1 and j.fence = $2 and j.state = 1 for update;
  if not found then
    return false;
  end if;
  if wanted_again is null then
    delete from jobs.job as j where j.id = $1;
  else
    update jobs.job as j
    set state = 0, attempts = 0, run_at = wanted_again, again_at = null, lease_until = null, worker = null, last_error = null
    where j.id = $1;
  end if;
  return true;
end
$$;

grant usage on schema jobs to public;
