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
