-- The ground: who exists (organisations, accounts, members), who is signed in, what was accepted, and the wall between tenants.

-- The role every tenant transaction switches to. Roles belong to the cluster, databases come and go beside each other: made once, by whoever is first.
do $$ begin
  if to_regrole('zencall_org') is null then -- an operator who grants no CREATEROLE makes it beforehand
    create role zencall_org nologin;
  end if;
exception when duplicate_object or unique_violation then null;
end $$;
do $$ begin
  if not pg_has_role(current_user, 'zencall_org', 'member') then
    execute format('grant zencall_org to %I', current_user);
  end if;
exception when unique_violation or serialization_failure or internal_error then null; -- another database of this cluster is migrating at this moment
end $$;
grant usage on schema public to zencall_org;

create extension if not exists pg_trgm;

-- Puts a table behind the wall: forced row security, one policy for the tenant role, one for the owner (webhooks, workers, staff), and the grants.
create function zencall_tenant_table(name regclass) returns void language plpgsql as $$
declare partition regclass;
begin
  execute format('alter table %s enable row level security', name);
  execute format('alter table %s force row level security', name);
  execute format('create policy of_org on %s to zencall_org using (org_id = (select current_setting(''app.org_id'')::uuid)) with check (org_id = (select current_setting(''app.org_id'')::uuid))', name);
  execute format('create policy of_owner on %s to %I using (true) with check (true)', name, current_user);
  execute format('grant select, insert, update, delete on %s to zencall_org', name);
end $$;

-- The millisecond time at the front of a UUIDv7: an id names its partition.
create function uuid_time(id uuid) returns timestamptz language sql immutable strict parallel safe as $$
  select to_timestamp(('x0000' || substr(replace(id::text, '-', ''), 1, 12))::bit(64)::bigint / 1000.0)
$$;

create function touch_updated_at() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  return new;
end $$;

create table orgs (
  id uuid primary key,
  name text not null,
  kind text not null check (kind in ('business', 'individual')),
  siren text,
  vat_number text,
  country text not null default 'FR',
  timezone text not null default 'Europe/Paris',
  locale text not null default 'fr',
  is_demo boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table accounts (
  id uuid primary key,
  email text not null,
  name text not null,
  password_hash text not null,
  locale text not null default 'fr',
  email_confirmed_at timestamptz,
  totp_secret bytea,                    -- sealed; present and unconfirmed while it is being set up
  totp_confirmed_at timestamptz,
  totp_last_step bigint,                -- a code is good once
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index accounts_email_key on accounts (lower(email));

create table members (
  org_id uuid not null references orgs on delete cascade,
  account_id uuid not null references accounts on delete cascade,
  role text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, account_id)
);
create index members_account_idx on members (account_id);

create table sessions (
  id uuid primary key,
  token_hash bytea not null,
  account_id uuid not null references accounts on delete cascade,
  active_org uuid references orgs on delete cascade,   -- the organisation this browser works in; not tenant data, so not behind the wall
  ip inet,
  user_agent text,
  second_factor_at timestamptz,
  last_seen_at timestamptz not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint sessions_token_key unique (token_hash)
);
create index sessions_account_idx on sessions (account_id);

-- Proof that somebody accepted a document: which, when, from where. Never changed, never removed with the account's other rows.
create table acceptances (
  id uuid primary key,
  account_id uuid references accounts on delete set null,
  email text not null,
  document text not null check (document in ('terms', 'privacy')),
  version text not null,
  ip inet,
  user_agent text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- Links sent by mail: confirm an address, reset a password, move to a new address. Good once.
create table mail_tokens (
  token_hash bytea primary key,
  account_id uuid not null references accounts on delete cascade,
  purpose text not null check (purpose in ('confirm', 'reset', 'change_email')),
  new_email text,
  expires_at timestamptz not null,
  used_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index mail_tokens_account_idx on mail_tokens (account_id);

create table recovery_codes (
  account_id uuid not null references accounts on delete cascade,
  code_hash bytea not null,
  used_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (account_id, code_hash)
);

-- Tries per door, account and address. Counted in the database so that several processes share one count and no answer means no entry.
create unlogged table throttles (
  key text primary key,
  window_start timestamptz not null,
  count int not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- Keys of the public API: a keyed hash, shown once.
create table api_keys (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  name text not null,
  key_hash bytea not null,
  role text not null default 'admin',
  last_used_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint api_keys_hash_key unique (key_hash)
);
create index api_keys_org_idx on api_keys (org_id);

select zencall_tenant_table('members');
select zencall_tenant_table('api_keys');
grant select, update on orgs to zencall_org;
grant select on accounts to zencall_org;
alter table orgs enable row level security;
alter table orgs force row level security;
create policy of_org on orgs to zencall_org using (id = (select current_setting('app.org_id')::uuid));
do $$ begin execute format('create policy of_owner on orgs to %I using (true) with check (true)', current_user); end $$;
-- A tenant sees of accounts only its own members, and never a password: column grants.
revoke select on accounts from zencall_org;
grant select (id, email, name, locale, created_at) on accounts to zencall_org;
alter table accounts enable row level security;
alter table accounts force row level security;
create policy of_org on accounts to zencall_org using (exists (select 1 from members m where m.account_id = accounts.id));
do $$ begin execute format('create policy of_owner on accounts to %I using (true) with check (true)', current_user); end $$;
