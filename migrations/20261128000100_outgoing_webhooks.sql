-- Outgoing webhooks: where other systems want to hear what happens, what happened, what is owed to whom, and each attempt to hand it over.
-- New tables only: the previous version runs on without seeing them, and what it changes is told to nobody.
create table webhook_endpoints (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  url text not null,
  description text not null default '',
  event_types text[] not null default '{}',   -- empty: every one, later ones, too
  state text not null default 'active' check (state in ('active', 'paused', 'disabled')),
  disabled_why text,                          -- gone (it answered 410), failing (for five days)
  secret_sealed bytea not null,
  previous_sealed bytea,
  previous_until timestamptz,
  headers_sealed bytea,                       -- JSON: names and values
  header_names text[] not null default '{}',
  per_second int check (per_second between 1 and 1000),
  slot_at timestamptz,                        -- the next moment that the throttle has not given away
  failures int not null default 0,            -- in a row
  failing_since timestamptz,
  resting_until timestamptz,
  told_days int not null default 0,           -- of which day of failing the owners were told
  last_success_at timestamptz,
  last_failure_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index webhook_endpoints_org_idx on webhook_endpoints (org_id);
create index webhook_endpoints_failing_idx on webhook_endpoints (failing_since) where failing_since is not null and state = 'active';

-- What happened, word for word as it is sent.
create table webhook_events (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  kind text not null,
  key text not null,                          -- told twice, it is kept once
  occurred_at timestamptz not null,
  body text not null,
  is_sample boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint webhook_events_key unique (org_id, key)
);
create index webhook_events_time_idx on webhook_events (created_at);

create table webhook_deliveries (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  event_id uuid not null references webhook_events on delete cascade,
  endpoint_id uuid not null references webhook_endpoints on delete cascade,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed', 'cancelled')),
  attempts int not null default 0,            -- all that were made
  tries int not null default 0,               -- since it was put on the ladder last
  is_manual boolean not null default false,   -- somebody asked for the next attempt
  next_at timestamptz not null default now(),
  slot_at timestamptz,                        -- when the throttle lets it go
  last_status int,
  last_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint webhook_deliveries_once unique (event_id, endpoint_id)
) with (fillfactor = 80);
create index webhook_deliveries_endpoint_idx on webhook_deliveries (endpoint_id, event_id desc, id desc);
create index webhook_deliveries_pending_idx on webhook_deliveries (next_at) where state = 'pending';

create table webhook_attempts (
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  delivery_id uuid not null references webhook_deliveries on delete cascade,
  n int not null,
  endpoint_id uuid not null references webhook_endpoints on delete cascade,
  at timestamptz not null,
  took_ms int not null,
  status int,
  error text,
  is_manual boolean not null,
  url text not null,
  request_head text not null,
  response_head text not null default '',
  response_body text not null default '',     -- the first 4 KiB
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (delivery_id, n)                -- an attempt is recorded once
);
create index webhook_attempts_endpoint_idx on webhook_attempts (endpoint_id, at desc);

select zencall_tenant_table('webhook_endpoints');
select zencall_tenant_table('webhook_events');
select zencall_tenant_table('webhook_deliveries');
select zencall_tenant_table('webhook_attempts');

-- Puts deliveries at the queue's door; tenants cannot see its table.
create function zencall_ring_webhooks(deliveries uuid[]) returns bigint
language sql security definer set search_path = pg_catalog, public, pg_temp as $$
  select count(jobs.enqueue('webhook', 'webhooks.deliver', 1::smallint, jsonb_build_object('delivery', d.id), d.org_id, 'delivery:' || d.id,
    null, 1000000, '{}'::integer[], null))
  from public.webhook_deliveries d
  where d.id = any(deliveries) and d.state = 'pending'
    and d.org_id = coalesce(nullif(current_setting('app.org_id', true), '')::uuid, d.org_id)
$$;
revoke execute on function zencall_ring_webhooks from public;
grant execute on function zencall_ring_webhooks to zencall_org;

-- Keeps what happened, for organisations that have somewhere to tell it, and what is owed to each endpoint that wants to hear it: one
-- statement, however much happened. An event that was told before is not told again.
create function zencall_emit(ids uuid[], orgs uuid[], kinds text[], keys text[], times timestamptz[], bodies text[]) returns bigint
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  owed uuid[];
begin
  with told as (
    select * from unnest(ids, orgs, kinds, keys, times, bodies) as t (id, org_id, kind, key, at, body)
    where exists (select from webhook_endpoints e where e.org_id = t.org_id)
  ), kept as (
    insert into webhook_events (id, org_id, kind, key, occurred_at, body)
    select id, org_id, kind, key, at, body from told order by org_id, key
    on conflict on constraint webhook_events_key do nothing
    returning id, org_id, kind
  ), made as (
    insert into webhook_deliveries (id, org_id, event_id, endpoint_id)
    select gen_random_uuid(), k.org_id, k.id, e.id
    from kept k join webhook_endpoints e on e.org_id = k.org_id and e.state = 'active' and (e.event_types = '{}' or k.kind = any(e.event_types))
    returning id
  )
  select array_agg(id) into owed from made;
  if owed is null then
    return 0;
  end if;
  return zencall_ring_webhooks(owed);
end $$;
revoke execute on function zencall_emit from public;
grant execute on function zencall_emit to zencall_org;
