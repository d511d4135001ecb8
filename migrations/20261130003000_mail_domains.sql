-- Mail domains that an organisation has shown to be its own, by a record in DNS: who has a confirmed address there may join. New tables only.
create table mail_domains (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  domain text not null check (domain = lower(domain)),
  token text not null,                     -- what the record says: open for everybody to read
  role text not null,                      -- of who joins by it
  verified_at timestamptz,
  checked_at timestamptz,
  next_check_at timestamptz,               -- absent: nobody looks any more, until somebody asks for it
  misses int not null default 0,           -- how many times in a row the record was not there
  trouble text check (trouble in ('missing', 'unreachable', 'held')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint mail_domains_once unique (org_id, domain)
);
-- Anybody may claim a domain; one organisation at a time has it.
create unique index mail_domains_verified_key on mail_domains (domain) where verified_at is not null;
create index mail_domains_due_idx on mail_domains (next_check_at) where next_check_at is not null;
select zencall_tenant_table('mail_domains');
select zencall_limited_table('mail_domains', 'false');
select zencall_audited_table('mail_domains', 'mail_domain', 'id', 'domain', 'checked_at next_check_at misses trouble');

-- Who was taken out does not come back by their domain: somebody has to invite them.
create table mail_domain_refusals (
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  account_id uuid not null references accounts on delete cascade,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, account_id)
);
create index mail_domain_refusals_account_idx on mail_domain_refusals (account_id);
select zencall_tenant_table('mail_domain_refusals');
