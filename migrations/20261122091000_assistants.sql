-- Assistants and the phone numbers they answer, with what the provider said about each.

create table assistants (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  name text not null,
  template text not null,
  language text not null,
  voice text not null,
  first_message text not null,
  prompt text not null,
  end_phrases text[] not null default '{}',
  max_duration_s int not null default 600,
  transfer_numbers jsonb not null default '[]',   -- [{"label": "Accueil", "number": "+33…"}]
  state text not null default 'draft' check (state in ('draft', 'active')),
  revision bigint not null default 1,             -- grows with each save; the push names the one it carried
  provider_id text,
  sync_state text not null default 'pending' check (sync_state in ('pending', 'in_step', 'refused')),
  sync_error text,
  pushed_revision bigint not null default 0,
  pushed_at timestamptz,
  deleted_at timestamptz,                         -- calls keep pointing at it; the provider's copy is removed by a job
  is_demo boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (org_id, id)
);
create index assistants_org_idx on assistants (org_id, name) where deleted_at is null;
create unique index assistants_provider_key on assistants (provider_id) where provider_id is not null;

create table phone_numbers (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  number text not null,
  label text not null default '',
  provider_id text,
  assistant_id uuid,
  is_demo boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (org_id, id),
  constraint phone_numbers_org_number_key unique (org_id, number),
  foreign key (org_id, assistant_id) references assistants (org_id, id)
);
create unique index phone_numbers_provider_key on phone_numbers (provider_id) where provider_id is not null;

select zencall_tenant_table('assistants');
select zencall_tenant_table('phone_numbers');
