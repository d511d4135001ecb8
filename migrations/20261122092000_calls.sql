-- Calls, their lines, what happened and who did what; and the journal of webhooks they are folded from.
-- Partitioned by month from the first day: retention drops a table, a million old calls cost new ones nothing.
-- A call's id carries its creation time to the millisecond, so an id alone finds its partition: created_at = uuid_time(id).

create table hook_endpoints (
  org_id uuid primary key default current_setting('app.org_id')::uuid references orgs on delete cascade,
  token_hash bytea not null,
  token_sealed bytea not null,           -- shown again on the integrations page, so sealed rather than hashed only
  auth jsonb not null,                   -- mode and its options, without secrets
  secret_sealed bytea not null,
  previous_secret_sealed bytea,
  previous_until timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint hook_endpoints_token_key unique (token_hash)
);

create table hook_journal (
  id uuid not null,
  org_id uuid,                           -- absent when the address named no organisation
  provider text not null default 'vapi',
  outcome text not null,                 -- accepted, duplicate, rejected, dead
  reason text,                           -- why it was rejected or could not be applied
  kind text,                             -- the provider's message type
  call_id uuid,
  provider_call_id text,
  body text,                             -- redacted; the head only when rejected
  body_bytes int not null,
  ip inet,
  created_at timestamptz not null,
  updated_at timestamptz not null default now(),
  primary key (id, created_at)
) partition by range (created_at);
do $$ begin
  alter table hook_journal alter column body set compression lz4; -- many times quicker than the default
exception when feature_not_supported then null; -- a server built without it
end $$;
create index hook_journal_org_idx on hook_journal (org_id, created_at desc);
create index hook_journal_call_idx on hook_journal (call_id, created_at) where call_id is not null;

create table calls (
  id uuid not null,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  assistant_id uuid,
  number_id uuid,
  direction text not null,               -- inbound, outbound, web
  status text not null,                  -- queued, ringing, live, forwarding, ended
  customer_number text,
  customer_name text,
  our_number text,
  rang_at timestamptz,
  answered_at timestamptz,
  ended_at timestamptz,
  duration_s int,
  ended_reason text,                     -- the provider's word
  outcome text,                          -- done, moved, voicemail, missed, failed, cancelled
  summary text,
  success text,
  cost_micro_usd bigint,
  cost_breakdown jsonb,
  transferred_to text,
  recording text not null default 'none', -- none, awaited, stored, failed
  recording_key text,
  recording_s real,
  has_report boolean not null default false,
  reconciled int not null default 0,     -- how often the provider was asked because nothing came
  settled boolean not null default false, -- nothing more is expected: the report is here, or asking again is no use
  last_event_at timestamptz,
  last_seq bigint not null default 0,    -- of lines and events; grows under the row's lock, so order of commit is order of sequence
  facts jsonb not null default '{}',     -- the fold's state: see calls::fold
  last_line text,
  last_speaker text,
  control_sealed bytea,                  -- addresses that steer and hear the live call: capabilities, so sealed
  assistant_muted boolean not null default false,
  dial text,                             -- calls we start: wanted, placing, placed, unknown, refused. Never placed twice.
  dial_error text,                       -- the provider's words
  started_by uuid references accounts on delete set null,
  search_text text not null default '',  -- digits of the number and the words of the finished call, for search
  is_demo boolean not null default false,
  created_at timestamptz not null,
  updated_at timestamptz not null default now(),
  primary key (id, created_at)
) partition by range (created_at);
create index calls_org_idx on calls (org_id, created_at desc, id desc);
-- No index looks at last_event_at or status: a call's row changes with every event, and stays cheap to change (heap-only) while nothing indexed does.
create index calls_live_idx on calls (org_id, created_at) where not settled;
create index calls_unsettled_idx on calls (created_at) where not settled;
create index calls_search_idx on calls using gin (search_text gin_trgm_ops);

-- The provider's id of each call, unique over all months.
create table call_refs (
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  provider_call_id text not null,        -- unique per organisation: a forged id reaches only the forger's own rows
  call_id uuid not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, provider_call_id)
);
create index call_refs_call_idx on call_refs (call_id);

-- Lines and events name their organisation without a foreign key: it would lock the organisation's row with every word said.
create table call_lines (
  call_id uuid not null,
  org_id uuid not null default current_setting('app.org_id')::uuid,
  seq bigint not null,
  source text not null,                  -- live: from transcript messages; report: from the final report, which replaces the live ones
  speaker text not null,                 -- assistant, caller, person, tool, system
  line_key text not null,                -- what makes a line the same line when it is delivered again
  text text not null,
  at_ms bigint not null,                 -- epoch milliseconds when it was said
  end_ms bigint,
  created_at timestamptz not null,       -- the call's, to find the partition
  updated_at timestamptz not null default now(),
  primary key (call_id, seq, created_at),
  constraint call_lines_key unique (call_id, line_key, created_at)
) partition by range (created_at);

-- What happened in a call besides words: status moves, tools, transfers, interruptions, what the team did.
create table call_events (
  call_id uuid not null,
  org_id uuid not null default current_setting('app.org_id')::uuid,
  seq bigint not null,
  kind text not null,
  event_key text not null,
  detail jsonb not null default '{}',
  at_ms bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null default now(),
  primary key (call_id, seq, created_at),
  constraint call_events_key unique (call_id, event_key, created_at)
) partition by range (created_at);

-- What a person did to a live call, and what came of it.
create table call_actions (
  id uuid primary key,
  call_id uuid not null,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  account_id uuid references accounts on delete set null,
  kind text not null,                    -- say, instruct, mute, unmute, transfer, end
  detail jsonb not null default '{}',
  outcome text not null default 'sent',  -- sent, done, failed
  error text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index call_actions_call_idx on call_actions (call_id, created_at);

-- One partition a month for each of the four, made ahead. Called by the duty and by migrations; returns how many it made.
create function zencall_make_partitions(from_month date, months int) returns int language plpgsql as $$
declare
  parent text; month date; name text; made int := 0;
begin
  perform pg_advisory_xact_lock(hashtext('zencall_make_partitions'));
  foreach parent in array array['hook_journal', 'calls', 'call_lines', 'call_events'] loop
    for i in 0 .. months - 1 loop
      month := (date_trunc('month', from_month) + make_interval(months => i))::date;
      name := format('%s_y%sm%s', parent, to_char(month, 'YYYY'), to_char(month, 'MM'));
      if to_regclass(name) is null then
        execute format('create table %I partition of %I for values from (%L) to (%L)', name, parent,
          to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
        if parent = 'calls' then
          execute format('alter table %I set (fillfactor = 70)', name); -- room for the next version of the row on its own page
        end if;
        made := made + 1;
      end if;
    end loop;
  end loop;
  return made;
end $$;

select zencall_tenant_table('hook_endpoints');
select zencall_tenant_table('hook_journal');
select zencall_tenant_table('calls');
select zencall_tenant_table('call_refs');
select zencall_tenant_table('call_lines');
select zencall_tenant_table('call_events');
select zencall_tenant_table('call_actions');
select zencall_make_partitions((now() - interval '13 months')::date, 17);
