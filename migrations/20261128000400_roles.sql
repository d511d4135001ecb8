-- Roles of an organisation's own; members and keys that are limited to some assistants; seeing Zencall as another role.
create table roles (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  name text not null,
  permissions text[] not null,           -- a word that a version does not know permits nothing there
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint roles_org_key unique (org_id, id)
);
create unique index roles_name_key on roles (org_id, lower(name));
select zencall_tenant_table('roles');

-- Who has a role of the organisation's own is `read_only` besides: what a process of the version before goes by.
alter table members add column own_role uuid, add column assistants uuid[]; -- no assistants named: all of them
alter table members add constraint members_own_role_fkey foreign key (org_id, own_role) references roles (org_id, id);
alter table invitations add column own_role uuid;
alter table invitations add constraint invitations_own_role_fkey foreign key (org_id, own_role) references roles (org_id, id) on delete cascade;
alter table api_keys add column assistants uuid[];
alter table sessions add column view_as text; -- a role's name, or the id of one of the organisation's own

-- The assistants that whoever acts is limited to; nothing when there is no limit.
create function zencall_limit() returns uuid[] language sql stable parallel safe as $$
  select nullif(current_setting('app.assistants', true), '')::uuid[]
$$;
grant execute on function zencall_limit to zencall_org;

-- A second wall within the first: rows of other assistants are not there for who is limited. `seen` says which rows are.
create function zencall_limited_table(name regclass, seen text) returns void language plpgsql as $$
begin
  execute format('create policy of_limit on %s as restrictive to zencall_org using ((select zencall_limit()) is null or %s)', name, seen);
end $$;

do $$
declare
  of_assistant constant text := 'assistant_id = any ((select zencall_limit())::uuid[])';
  -- An id names its partition.
  of_call constant text := 'exists (select from calls seen where seen.id = call_id and seen.created_at = uuid_time(call_id))';
  name text;
begin
  perform zencall_limited_table('assistants', 'id = any ((select zencall_limit())::uuid[])');
  foreach name in array array['calls', 'assistant_versions', 'assistant_drafts', 'assistant_copies', 'phone_numbers', 'rehearsals', 'rehearsal_runs',
    'rehearsal_talks', 'call_quarters', 'call_counted'] loop
    perform zencall_limited_table(name, of_assistant);
  end loop;
  foreach name in array array['call_refs', 'call_lines', 'call_events', 'call_actions', 'call_analyses', 'call_marks', 'call_reads', 'call_notes',
    'recording_uses', 'tool_runs', 'callbacks', 'sms_messages', 'unanswered_questions', 'call_assignments', 'note_mentions'] loop
    perform zencall_limited_table(name, of_call);
  end loop;
  perform zencall_limited_table('hook_journal', 'false'); -- whole messages of the provider, of every call
  -- What is said for every assistant may be read by all, and changed by who is not limited.
  foreach name in array array['answers', 'answer_phrases'] loop
    execute format('create policy of_limit on %I as restrictive to zencall_org using ((select zencall_limit()) is null or assistant_id is null or %s)
      with check ((select zencall_limit()) is null or %s)', name, of_assistant, of_assistant);
  end loop;
end $$;

-- The search of the log runs with its owner's rights, which no wall holds: it minds the limit itself.
create or replace function calls_found(
  patterns text[], of_status text, of_outcome text, of_direction text, of_assistant uuid, from_at timestamptz, to_at timestamptz,
  before_at timestamptz, before_id uuid, wanted int
) returns table (id uuid, created_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
#variable_conflict use_column
declare
  org uuid := current_setting('app.org_id')::uuid;
  reach uuid[] := public.zencall_limit();
  upper_end timestamptz := least(to_at, before_at + interval '1 microsecond', now() + interval '1 day');
  lower_end timestamptz;
  oldest timestamptz;
  found_now int;
begin
  select greatest(min(c.created_at), from_at) into oldest from public.calls c where c.org_id = org;
  while wanted > 0 and upper_end > oldest loop
    lower_end := greatest(date_trunc('month', upper_end - interval '1 microsecond', 'UTC'), oldest);
    return query
      select c.id, c.created_at from public.calls c
      where c.org_id = org and c.created_at >= lower_end and c.created_at < upper_end and (reach is null or c.assistant_id = any (reach))
        and c.search_text like patterns[1] and c.search_text like all (patterns)
        and (before_id is null or (c.created_at, c.id) < (before_at, before_id))
        and (of_status is null or c.status = of_status) and (of_outcome is null or c.outcome = of_outcome)
        and (of_direction is null or c.direction = of_direction) and (of_assistant is null or c.assistant_id = of_assistant)
      order by c.created_at desc, c.id desc limit wanted;
    get diagnostics found_now = row_count;
    wanted := wanted - found_now;
    upper_end := lower_end;
  end loop;
end $$;
create or replace function calls_matching(
  patterns text[], of_status text, of_outcome text, of_direction text, of_assistant uuid, of_number uuid, of_answered text, with_marks text[],
  unread_of uuid, unread_since timestamptz, from_at timestamptz, to_at timestamptz, before_at timestamptz, before_id uuid, wanted int
) returns table (id uuid, created_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
#variable_conflict use_column
declare
  nil constant uuid := '00000000-0000-0000-0000-000000000000';
  org uuid := current_setting('app.org_id')::uuid;
  reach uuid[] := public.zencall_limit();
  upper_end timestamptz := least(to_at, before_at + interval '1 microsecond', now() + interval '1 day');
  lower_end timestamptz;
  oldest timestamptz;
  found_now int;
begin
  select greatest(min(c.created_at), from_at) into oldest from public.calls c where c.org_id = org;
  while wanted > 0 and upper_end > oldest loop
    lower_end := greatest(date_trunc('month', upper_end - interval '1 microsecond', 'UTC'), oldest);
    return query
      select c.id, c.created_at from public.calls c
      where c.org_id = org and c.created_at >= lower_end and c.created_at < upper_end and (reach is null or c.assistant_id = any (reach))
        and c.search_text like patterns[1] and c.search_text like all (patterns)
        and (before_id is null or (c.created_at, c.id) < (before_at, before_id))
        and (of_status is null or c.status = of_status) and (of_outcome is null or c.outcome = of_outcome)
        and (of_direction is null or c.direction = of_direction)
        and (of_assistant is null or coalesce(c.assistant_id, nil) = of_assistant) and (of_number is null or coalesce(c.number_id, nil) = of_number)
        and (of_answered is null or case of_answered when 'yes' then c.answered_at is not null when 'no' then c.answered_at is null
          else public.call_is_quick(c.direction, c.created_at, c.rang_at, c.answered_at) end)
        and (unread_of is null or c.created_at > unread_since
          and not exists (select from public.call_reads r where r.account_id = unread_of and r.call_id = c.id))
        and (select count(*) from public.call_marks m where m.call_id = c.id and m.mark = any (with_marks)) = coalesce(cardinality(with_marks), 0)
      order by c.created_at desc, c.id desc limit wanted;
    get diagnostics found_now = row_count;
    wanted := wanted - found_now;
    upper_end := lower_end;
  end loop;
end $$;
