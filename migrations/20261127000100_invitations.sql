-- Invitations into an organisation: a link sent by mail, good once and for a week. The link's token is kept as a hash.
create table invitations (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  email text not null,
  role text not null,
  token_hash bytea not null,
  invited_by uuid references accounts on delete set null,
  sent_at timestamptz not null,
  expires_at timestamptz not null,
  accepted_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint invitations_token_key unique (token_hash)
);
-- One open invitation for an address; those that were accepted stay as they were.
create unique index invitations_open_key on invitations (org_id, lower(email)) where accepted_at is null;
select zencall_tenant_table('invitations');

-- What is left of somebody in a browser when they leave an organisation: the one they joined first of the others, or none.
create function zencall_leave(of_account uuid, of_org uuid) returns void
language sql security definer set search_path = pg_catalog, public, pg_temp as $$
  update public.sessions set updated_at = now(),
    active_org = (select m.org_id from public.members m where m.account_id = of_account and m.org_id <> of_org order by m.created_at, m.org_id limit 1)
  where account_id = of_account and active_org = of_org
    and not exists (select from public.members m where m.account_id = of_account and m.org_id = of_org)
$$;
revoke execute on function zencall_leave from public;
grant execute on function zencall_leave to zencall_org;
