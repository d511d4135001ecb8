-- The call log as a place to work: tags, saved views, what each person has opened, and a search that knows the whole filter.
-- New tables and a new function; `calls_found` stays for the version before.

create table tags (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  name text not null,
  created_by uuid references accounts on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index tags_name_key on tags (org_id, lower(name));
select zencall_tenant_table('tags');

create table call_views (
  id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  account_id uuid not null references accounts on delete cascade,
  name text not null,
  filter jsonb not null,                 -- see calls::model::CallFilter
  is_shared boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index call_views_org_idx on call_views (org_id, created_at);
select zencall_tenant_table('call_views');

-- Which calls a person has opened; what came before they first saw the log counts as read.
create table call_readers (
  account_id uuid not null references accounts on delete cascade,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  since timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, account_id)
);
select zencall_tenant_table('call_readers');
create table call_reads (
  account_id uuid not null references accounts on delete cascade,
  call_id uuid not null,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (account_id, call_id)
);
create index call_reads_call_idx on call_reads (call_id);
select zencall_tenant_table('call_reads');

-- As calls_found, with everything the log can be asked: see there why it runs with its owner's rights, and looks month by month.
create function calls_matching(
  patterns text[], of_status text, of_outcome text, of_direction text, of_assistant uuid, of_number uuid, of_answered text, with_marks text[],
  unread_of uuid, unread_since timestamptz, from_at timestamptz, to_at timestamptz, before_at timestamptz, before_id uuid, wanted int
) returns table (id uuid, created_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
#variable_conflict use_column
declare
  nil constant uuid := '00000000-0000-0000-0000-000000000000';
  org uuid := current_setting('app.org_id')::uuid;
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
      where c.org_id = org and c.created_at >= lower_end and c.created_at < upper_end
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
revoke execute on function calls_matching from public;
grant execute on function calls_matching to zencall_org;
