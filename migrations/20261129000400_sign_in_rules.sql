-- What an organisation asks of its members' sign-ins. A new table: for the previous version there are no rules.
create table sign_in_rules (
  org_id uuid primary key default current_setting('app.org_id')::uuid references orgs on delete cascade,
  second_factor_from timestamptz,          -- from then on nobody goes further without one; absent: not asked for
  session_hours int check (session_hours between 1 and 2160),
  networks text[] not null default '{}',   -- empty: from anywhere
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
select zencall_tenant_table('sign_in_rules');
select zencall_audited_table('sign_in_rules', 'sign_in_rules', 'org_id', '');

-- What of the rules a session does not meet; nothing when it meets them or there are none. An address that is not known is not held against it.
create function zencall_barred(rules sign_in_rules, proven_at timestamptz, from_ip inet, at timestamptz) returns text
language sql stable parallel safe set search_path = pg_catalog, public, pg_temp as $$
  select case
    when cardinality(rules.networks) > 0 and from_ip is not null
      and not exists (select from unnest(rules.networks) as n where from_ip <<= n::inet) then 'address'
    when rules.second_factor_from <= at and proven_at is null then 'second_factor' end
$$;

-- How many members have a second factor is for who makes the rules.
grant select (totp_confirmed_at) on accounts to zencall_org;
