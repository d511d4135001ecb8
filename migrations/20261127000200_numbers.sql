-- Where numbers come from, an organisation's own Twilio account, text messages, and who wants none.
-- New tables and columns with defaults: the previous version runs on without seeing them.

alter table phone_numbers
  add column source text not null default 'vapi' check (source in ('vapi', 'twilio', 'sip')),
  add column carrier_id text,                 -- Twilio's id of the number (PN…), or the id of the SIP trunk's credential at Vapi
  add column sends_sms boolean not null default false,
  add column fallback text;                   -- where the provider puts callers through when we do not answer it

create table twilio_accounts (
  org_id uuid primary key default current_setting('app.org_id')::uuid references orgs on delete cascade,
  account_sid text not null,
  name text not null default '',
  token_sealed bytea not null,
  hook_hash bytea not null unique,            -- of the token in the address that Twilio posts to
  hook_sealed bytea not null,
  refused text,                               -- Twilio's words when it took the token no longer
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table sms_messages (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  direction text not null check (direction in ('in', 'out')),
  our_number text not null,
  their_number text not null,
  body text not null,
  status text not null,                       -- waiting, refused; else Twilio's own word
  status_rank int not null default 0,         -- reports come in any order: a lower one changes nothing
  error text,                                 -- code and words of whoever refused
  sid text,                                   -- Twilio's id
  asked_at timestamptz,                       -- when Twilio was asked first: an answer may have been lost
  call_id uuid,                               -- calls are partitioned, so no foreign key
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index sms_messages_org_idx on sms_messages (org_id, id desc);
create unique index sms_messages_sid_key on sms_messages (org_id, sid) where sid is not null;

-- What Twilio told of a message: once for each status, also before we know whose it is.
create table sms_reports (
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  sid text not null,
  status text not null,
  error text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, sid, status)
);

-- Who has told us to stop. `resumed_at` is set when they want messages again.
create table sms_opt_outs (
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  number text not null,
  word text not null,
  stopped_at timestamptz not null,
  resumed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, number)
);

select zencall_tenant_table('twilio_accounts');
select zencall_tenant_table('sms_messages');
select zencall_tenant_table('sms_reports');
select zencall_tenant_table('sms_opt_outs');

-- When a number was last called, and when a call on it last failed: to a quarter of an hour, from the sums of calls.
create view number_health with (security_invoker = true) as
  select org_id, number_id, max(quarter) filter (where received > 0) as last_received, max(quarter) filter (where failed > 0) as last_failed
  from call_quarters where quarter > now() - interval '90 days' group by org_id, number_id;
grant select on number_health to zencall_org;
