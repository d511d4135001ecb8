-- Signing in with Google. New columns have defaults, so the previous version goes on.

-- Who somebody is at Google: the subject stays, whatever becomes of the address.
create table account_identities (
  provider text not null check (provider = 'google'),
  subject text not null,
  account_id uuid not null references accounts on delete cascade,
  email text not null,                     -- as last told
  last_used_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (provider, subject),
  constraint account_identities_one_each unique (account_id, provider)
);

-- A browser that left for Google, or came back as somebody who has no account yet. Found by the token in its cookie.
create table sign_in_trips (
  token_hash bytea primary key,
  state_hash bytea,                        -- what Google brings back; absent once it did
  next text not null,
  account_id uuid references accounts on delete cascade,   -- who connects their account; absent: somebody signs in
  subject text,                            -- who came back
  email text,
  name text,
  hosted_domain text,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index sign_in_trips_account_idx on sign_in_trips (account_id);

-- Who came by Google alone has no password, until they choose one.
alter table accounts add column has_password boolean not null default true;
-- Signed in with Google: the domain that answers for the account, or an empty text for one of somebody's own. Otherwise absent.
alter table sessions add column google_domain text;
alter table pending_sign_ins add column google_domain text;
-- Members come by Google, with an account of this domain; empty: as they like.
alter table sign_in_rules add column google_domain text not null default '';

-- What of the rules a session does not meet, for all of them. An owner who has shown a second factor is let in without Google: the way back in
-- when Google, or its settings, fail.
create function zencall_barred(rules sign_in_rules, session sessions, role text, from_ip inet, at timestamptz) returns text
language sql stable parallel safe set search_path = pg_catalog, public, pg_temp as $$
  select coalesce(zencall_barred(rules, session.second_factor_at, from_ip, at),
    case when rules.google_domain <> '' and session.google_domain is distinct from rules.google_domain
           and not (role = 'owner' and session.second_factor_at is not null) then 'google' end)
$$;

-- Who makes the rules has to meet them: whether their own session does.
grant select (id, google_domain) on sessions to zencall_org;
