-- The audit log: who changed what, on which object, from where, with the values before and after. Written by triggers in the transaction
-- that changes the row, so that no door can forget it; only added to; each entry carries the hash of the one before it.
-- New tables and triggers only: what the previous version changes meanwhile is noted, too, as done by the system.
create table audit_entries (
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  n bigint not null,                       -- 1, 2, 3 … of the organisation, without a gap
  at timestamptz not null,
  actor_kind text not null check (actor_kind in ('person', 'key', 'system')),
  actor_id uuid,
  actor_name text,                         -- as it was then
  ip text,
  user_agent text,
  request_id text,
  action text not null,
  kind text not null,                      -- of the object
  subject text,                            -- its id
  label text,                              -- its name, as it was then
  before jsonb,                            -- the fields that changed; secrets are not in it
  after jsonb,
  hash bytea not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, n)
);
create index audit_entries_subject_idx on audit_entries (org_id, kind, subject, n desc);
create index audit_entries_actor_idx on audit_entries (org_id, actor_id, n desc);
create index audit_entries_at_idx on audit_entries (org_id, at desc, n desc);
select zencall_tenant_table('audit_entries');
revoke insert, update, delete on audit_entries from zencall_org;
select zencall_limited_table('audit_entries', 'false');

-- What somebody was refused: a row for an hour, however often they try.
create table audit_refusals (
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  hour timestamptz not null,
  actor_kind text not null check (actor_kind in ('person', 'key')),
  actor_id uuid not null,
  needs text not null,                     -- the permission that was missing, or `sign_in`
  times bigint not null,
  ip text,                                 -- the last one
  first_at timestamptz not null,
  last_at timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, hour, actor_kind, actor_id, needs)
);
select zencall_tenant_table('audit_refusals');
revoke insert, update, delete on audit_refusals from zencall_org;
select zencall_limited_table('audit_refusals', 'false');

-- Nobody changes an entry, not even the owner of the table. They go with their organisation alone: that removal comes from a trigger.
create function zencall_audit_stands() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and pg_trigger_depth() > 1 then
    return old;
  end if;
  raise exception 'the audit log is only added to' using errcode = 'insufficient_privilege';
end $$;
create trigger audit_entries_stand before update or delete on audit_entries for each row execute function zencall_audit_stands();
create function zencall_audit_stays() returns trigger language plpgsql as $$
begin
  if exists (select from audit_entries) then
    raise exception 'the audit log is only added to' using errcode = 'insufficient_privilege';
  end if;
  return null;
end $$;
create trigger audit_entries_stay before truncate on audit_entries for each statement execute function zencall_audit_stays();

-- The bytes an entry's hash is made of: each field with its length before it, so that no two entries read alike.
create function zencall_audit_bytes(fields text[]) returns bytea language sql immutable parallel safe
set search_path = pg_catalog, pg_temp as $$
  select convert_to(string_agg(coalesce(octet_length(f)::text || ':' || f, '-'), ',' order by i), 'UTF8') from unnest(fields) with ordinality t (f, i)
$$;

-- Adds an entry. Those of one organisation wait for each other here: the last thing a transaction does.
create function zencall_audit_add(
  of_org uuid, actor jsonb, action text, kind text, subject text, label text, before jsonb, after jsonb
) returns void language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  last record;
  next bigint;
  moment timestamptz;
  who text := coalesce(actor ->> 'kind', 'system');
  who_id uuid := (actor ->> 'id')::uuid;
  who_name text;
begin
  if not exists (select from orgs where id = of_org) then
    return; -- it goes, and its entries with it
  end if;
  if who = 'person' then
    select name into who_name from accounts where id = who_id;
  elsif who = 'key' then
    select name into who_name from api_keys where id = who_id;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('audit ' || of_org::text, 0));
  select e.n, e.hash into last from audit_entries e where e.org_id = of_org order by e.n desc limit 1;
  next := coalesce(last.n, 0) + 1;
  moment := clock_timestamp();
  insert into audit_entries (org_id, n, at, actor_kind, actor_id, actor_name, ip, user_agent, request_id, action, kind, subject, label, before, after, hash)
  values (of_org, next, moment, who, who_id, who_name, actor ->> 'ip', actor ->> 'agent', actor ->> 'request', action, kind, subject, label, before, after,
    sha256(coalesce(last.hash, ''::bytea) || zencall_audit_bytes(array[of_org::text, next::text, (extract(epoch from moment) * 1000000)::bigint::text,
      who, who_id::text, who_name, actor ->> 'ip', actor ->> 'agent', actor ->> 'request', action, kind, subject, label, before::text, after::text])));
end $$;
revoke execute on function zencall_audit_add from public;

create function zencall_actor() returns jsonb language sql stable set search_path = pg_catalog, pg_temp as $$
  select nullif(current_setting('app.actor', true), '')::jsonb
$$;

-- What changes no row: a file that was taken away, a recording that was heard.
create function zencall_note(action text, kind text, subject text, label text, detail jsonb) returns void
language sql security definer set search_path = pg_catalog, public, pg_temp as $$
  select zencall_audit_add(current_setting('app.org_id')::uuid, zencall_actor(), action, kind, subject, label, null, detail)
$$;
revoke execute on function zencall_note from public;
grant execute on function zencall_note to zencall_org;

-- What somebody does with their own account, in the log of each organisation they belong to.
create function zencall_note_account(account uuid, actor jsonb, action text, detail jsonb) returns void
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  of_org uuid;
begin
  for of_org in select m.org_id from members m where m.account_id = account order by m.org_id loop
    perform zencall_audit_add(of_org, actor, action, 'account', account::text, (select a.name from accounts a where a.id = account), null, detail);
  end loop;
end $$;
revoke execute on function zencall_note_account from public;

-- Secrets leave a mark that they changed and no more; callers' numbers and names must be erasable, which an entry is not.
create function zencall_audit_fields(kind text, fields jsonb) returns jsonb language sql immutable parallel safe
set search_path = pg_catalog, pg_temp as $$
  select jsonb_object_agg(k, case
    when k ~ '(_sealed|_hash)$' or kind = 'caller' and k = 'name' then '"•••"'::jsonb
    when kind = 'caller' and k = 'number' then to_jsonb('•••' || right(v #>> '{}', 4))
    when jsonb_typeof(v) = 'string' and length(v #>> '{}') > 2000 then to_jsonb(left(v #>> '{}', 2000) || '…')
    else v end)
  from jsonb_each(jsonb_strip_nulls(fields)) as f (k, v)
$$;

-- A row was made, changed or removed. Runs when the transaction ends. Arguments: the kind of object; the column of its id; the column of
-- its name; the columns that say nothing of what people did.
create function zencall_audited() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
  kind text := tg_argv[0];
  quiet text[] := string_to_array(tg_argv[3], ' ') || array['org_id', 'created_at', 'updated_at'];
  whole jsonb;
  before jsonb;
  after jsonb;
  was jsonb;
  act text;
begin
  if zencall_actor() ->> 'kind' = 'restore' then
    return null; -- a backup comes back with its entries
  end if;
  if tg_op <> 'INSERT' then
    before := to_jsonb(old) - quiet;
    whole := to_jsonb(old);
  end if;
  if tg_op <> 'DELETE' then
    after := to_jsonb(new) - quiet;
    whole := to_jsonb(new);
  end if;
  if tg_op = 'UPDATE' then
    was := before;
    before := (select jsonb_object_agg(key, value) from jsonb_each(was) where value is distinct from after -> key);
    after := (select jsonb_object_agg(key, value) from jsonb_each(after) where value is distinct from was -> key);
    if before is null then
      return null;
    end if;
    if zencall_actor() is null and not exists (select from jsonb_object_keys(before || after) k where k !~ '(_sealed|_hash)$') then
      return null; -- the same secrets under another master key
    end if;
  end if;
  act := case
    when tg_op = 'INSERT' then 'created'
    when tg_op = 'DELETE' or after ->> 'deleted_at' is not null then 'deleted'
    when after ->> 'revoked_at' is not null then 'revoked'
    when after ->> 'accepted_at' is not null then 'accepted'
    when before ->> 'deleted_at' is not null then 'restored'
    else 'changed' end;
  perform zencall_audit_add(
    coalesce(whole ->> 'org_id', whole ->> 'id')::uuid, zencall_actor(), act, kind,
    case when kind = 'caller' then '•••' || right(whole ->> tg_argv[1], 4) else whole ->> tg_argv[1] end,
    case when kind = 'caller' then '•••' || right(whole ->> tg_argv[1], 4)
      else coalesce(whole ->> nullif(tg_argv[2], ''), (select name from accounts where id = (whole ->> 'account_id')::uuid)) end,
    zencall_audit_fields(kind, before), zencall_audit_fields(kind, after));
  return null;
end $$;

create function zencall_audited_table(name regclass, kind text, subject text, label text, quiet text default '') returns void language plpgsql as $$
begin
  execute format('create constraint trigger audited after insert or update or delete on %s deferrable initially deferred
    for each row execute function zencall_audited(%L, %L, %L, %L)', name, kind, subject, label, quiet);
end $$;

select zencall_audited_table('orgs', 'organisation', 'id', 'name');
select zencall_audited_table('members', 'member', 'account_id', '', 'work_mail');
select zencall_audited_table('roles', 'role', 'id', 'name');
select zencall_audited_table('invitations', 'invitation', 'id', 'email', 'sent_at');
select zencall_audited_table('api_keys', 'key', 'id', 'name', 'last_used_at idle_told_at');
select zencall_audited_table('teams', 'team', 'id', 'name');
select zencall_audited_table('team_members', 'team_member', 'team_id', '', 'last_given_at');
select zencall_audited_table('work_rules', 'work_rule', 'cause', 'cause');
select zencall_audited_table('webhook_endpoints', 'webhook', 'id', 'url',
  'slot_at failures failing_since resting_until told_days last_success_at last_failure_at');
select zencall_audited_table('assistants', 'assistant', 'id', 'name', 'revision provider_id sync_state sync_error pushed_revision pushed_at');
select zencall_audited_table('assistant_versions', 'version', 'assistant_id', '',
  'revision settings provider_state provider_words answered_at live_from');
select zencall_audited_table('phone_numbers', 'number', 'id', 'number', 'provider_id sync_state sync_error carrier_id');
select zencall_audited_table('hook_endpoints', 'provider', 'org_id', '');
select zencall_audited_table('twilio_accounts', 'carrier', 'account_sid', 'name', 'refused');
select zencall_audited_table('answers', 'answer', 'id', 'question', 'question_key search_text revision');
select zencall_audited_table('receptions', 'reception', 'org_id', '');
select zencall_audited_table('reception_people', 'person', 'id', 'name');
select zencall_audited_table('http_tools', 'tool', 'id', 'name');
select zencall_audited_table('known_callers', 'caller', 'number', 'number');
select zencall_audited_table('rehearsals', 'rehearsal', 'id', 'name', 'revision');
select zencall_audited_table('rehearsal_rules', 'rehearsal_rule', 'org_id', '');
select zencall_audited_table('retention_rules', 'retention', 'org_id', '', 'recordings_upto words_upto');
