-- Keys of the public API, made whole: what each may do, until when, from where; what they did, and what was answered to a repeated request.
-- Forward only: new columns are nullable or have a constant default, tables are new. A process of the version before reads `role` of a new
-- key, which is 'billing' there and permits nothing.

alter table api_keys
  add column scopes text[],                          -- permissions; absent in keys of the version before: those of their role
  add column hint text not null default '',          -- the last characters, so that people know which key it is
  add column expires_at timestamptz,
  add column networks text[] not null default '{}',  -- where it may come from; empty: from anywhere
  add column per_minute int not null default 600,    -- how many requests a process takes of it
  add column previous_hash bytea,                    -- after a roll the secret before it is good until then
  add column previous_until timestamptz,
  add column created_by uuid references accounts on delete set null;
create unique index api_keys_previous_idx on api_keys (previous_hash) where previous_hash is not null;

-- What came with a key, for seven days. No query, no body, no address of a client: who reads this may not be who may read calls.
create table api_requests (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid,
  key_id uuid not null references api_keys on delete cascade,
  request_id text not null,
  method text not null,
  path text not null,
  status int not null,
  ms int not null,
  created_at timestamptz not null,
  updated_at timestamptz not null default now()
);
create index api_requests_org_idx on api_requests (org_id, id);
create index api_requests_key_idx on api_requests (key_id, id);
create index api_requests_created_idx on api_requests (created_at);

-- Requests per key and day (UTC), kept with the key.
create table api_usage (
  org_id uuid not null default current_setting('app.org_id')::uuid,
  key_id uuid not null references api_keys on delete cascade,
  day date not null,
  requests bigint not null,
  refused bigint not null,                           -- of these, answered with 4xx or 5xx
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (key_id, day)
);

-- Answers to requests with an `Idempotency-Key`, for a day. An answer may hold a new key, so it is sealed.
create table api_answers (
  org_id uuid not null default current_setting('app.org_id')::uuid,
  key_id uuid not null references api_keys on delete cascade,
  name text not null,                                -- as the client named it
  fingerprint bytea not null,                        -- of method, path, query and body
  answer bytea,                                      -- absent while the request is being answered
  created_at timestamptz not null,
  updated_at timestamptz not null default now(),
  primary key (key_id, name)
);
create index api_answers_created_idx on api_answers (created_at);

select zencall_tenant_table('api_requests');
select zencall_tenant_table('api_usage');
select zencall_tenant_table('api_answers');
