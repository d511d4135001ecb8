-- Whether calls are recorded, how long recordings and words are kept, what was erased, and who heard a recording.

-- Off, on, or on with a spoken notice; what was there goes on as it was. Versions say it only where it is not the way it always was, so
-- that one published by the version before is the same version here.
alter table assistants add column recording text not null default 'on' constraint assistants_recording_known check (recording in ('off', 'on', 'notice'));
create or replace function assistant_settings(a assistants) returns jsonb language sql immutable as $$
  select jsonb_build_object('name', a.name, 'language', a.language, 'voice', a.voice, 'first_message', a.first_message, 'prompt', a.prompt,
    'end_phrases', to_jsonb(a.end_phrases), 'max_duration_s', a.max_duration_s, 'transfer_numbers', a.transfer_numbers)
    || case when a.tools is null then '{}'::jsonb else jsonb_build_object('tools', to_jsonb(a.tools)) end
    || case when a.recording = 'on' then '{}'::jsonb else jsonb_build_object('recording', a.recording) end
$$;
create or replace trigger assistants_versions
  after insert or update of name, language, voice, first_message, prompt, end_phrases, max_duration_s, transfer_numbers, tools, recording, revision on assistants
  for each row execute function keep_assistant_version();

-- Erased is not the same as never there.
alter table calls add column recording_erased_at timestamptz, add column words_erased_at timestamptz;

create table retention_rules (
  org_id uuid primary key default current_setting('app.org_id')::uuid references orgs on delete cascade,
  recordings_days int constraint retention_recordings_days check (recordings_days between 1 and 3650),  -- absent: for ever
  words_days int constraint retention_words_days check (words_days between 1 and 3650),
  recordings_upto timestamptz,           -- calls before this are done: the next run begins a little before it
  words_upto timestamptz,
  set_by uuid references accounts on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
select zencall_tenant_table('retention_rules');

-- Who heard or took away a recording. Tenants may read and add: there is no policy by which they could change or remove a row.
create table recording_uses (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  call_id uuid not null,
  account_id uuid references accounts on delete set null,
  kind text not null constraint recording_uses_kind check (kind in ('play', 'download')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index recording_uses_call_idx on recording_uses (call_id, created_at);
select zencall_tenant_table('recording_uses');
drop policy of_org on recording_uses;
create policy of_org on recording_uses for select to zencall_org using (org_id = (select current_setting('app.org_id')::uuid));
create policy added_by_org on recording_uses for insert to zencall_org with check (org_id = (select current_setting('app.org_id')::uuid));

-- What somebody wrote beside a call.
create table call_notes (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  call_id uuid not null,
  account_id uuid references accounts on delete set null,
  second real,                           -- of the conversation; absent: of the whole call
  text text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index call_notes_call_idx on call_notes (call_id, created_at);
select zencall_tenant_table('call_notes');
