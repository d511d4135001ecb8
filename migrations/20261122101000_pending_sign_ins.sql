-- A sign-in that proved the password and still owes the second factor. Not a session: it opens nothing but that one step.
create table pending_sign_ins (
  token_hash bytea primary key,
  account_id uuid not null references accounts on delete cascade,
  next text not null,
  tries int not null default 0,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index pending_sign_ins_account_idx on pending_sign_ins (account_id);
