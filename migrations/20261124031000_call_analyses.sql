-- What a finished call amounts to: one row a call, made by a model or by rules, written anew by each run.
-- No foreign key to calls: a month of calls is dropped as a table, and what points at it would hold it.

create table call_analyses (
  call_id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  source text,                           -- model, rules; absent until the first run is done
  model text,                            -- the model's name, as it was asked for
  reason text,                           -- why rules although a model is set: cap_reached, no_answer, refused, not_understood, unfounded
  language text,                         -- fr, en; absent when it could not be told
  claims jsonb not null default '[]',    -- what is claimed, each with the quote, line and second it rests on
  made_of text,                          -- fingerprint of the words that were read
  cost_micro_usd bigint not null default 0, -- of this run
  asked_at timestamptz,                  -- somebody asked for another run, which has not been done yet
  made_at timestamptz,
  created_at timestamptz not null,       -- the call's
  updated_at timestamptz not null default now()
);
create index call_analyses_org_idx on call_analyses (org_id, created_at desc);
select zencall_tenant_table('call_analyses');

-- What an organisation's analyses have cost by month, whatever became of their rows; asked for before a request, corrected after it.
create table model_spend (
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  month date not null,
  cost_micro_usd bigint not null default 0,
  requests bigint not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, month)
);
select zencall_tenant_table('model_spend');

-- The heights of a recording's waveform, as the page draws them: small, so that no reader needs the audio for it.
alter table calls add column recording_peaks text;
