-- Figures of finished calls: what each call contributes is kept beside the sums, so whatever happens to a call later (a late event, another
-- report, its deletion) is a difference, and the sums are those over the calls as they are.
--
-- Nobody counts while a call is folded: the fold notes which calls are over, all of a group in the statement that writes them, and a duty
-- counts what is noted. New tables, a view and functions: the version before goes on; what it finishes is found by the nightly comparison.

-- What is to be counted (again). No key but its own number: noting a call never waits for whoever counts it.
create table calls_to_count (
  id bigint generated always as identity primary key,
  call_id uuid not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- Months to be compared whole: every month once, when this came; afterwards the last two, each night.
create table months_to_count (
  month date primary key,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- What each finished call has contributed. Nobody's assistant or number is the nil id.
create table call_counted (
  call_id uuid primary key,
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  quarter timestamptz not null,
  assistant_id uuid not null,
  number_id uuid not null,
  outcome text not null,
  received bigint not null,
  answered bigint not null,
  quick bigint not null,
  length_s bigint not null,
  cost_micro_usd bigint not null,
  unanswered bigint not null,
  created_at timestamptz not null,       -- the call's
  updated_at timestamptz not null default now()
);
select zencall_tenant_table('call_counted');

-- The sums, by quarter of an hour: midnight is at one in every zone there is, so days of any zone are sums of these.
create table call_quarters (
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  quarter timestamptz not null,
  assistant_id uuid not null,
  number_id uuid not null,
  calls bigint not null,
  received bigint not null,              -- somebody called us
  answered bigint not null,
  quick bigint not null,                 -- received, and answered within five seconds
  length_s bigint not null,
  cost_micro_usd bigint not null,
  unanswered bigint not null,            -- with a question the answer book did not know
  done bigint not null,
  moved bigint not null,
  voicemail bigint not null,
  missed bigint not null,
  failed bigint not null,
  cancelled bigint not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, quarter, assistant_id, number_id)
);
select zencall_tenant_table('call_quarters');

-- What a call can be found by besides its own columns: a tag (`tag_01…`, set by people), a finding of its analysis (`intent:price`), a question
-- nobody could answer (`question:unanswered`). Equality alone is asked of it, which is leakproof: row security leaves the index to tenants.
create table call_marks (
  org_id uuid not null default current_setting('app.org_id')::uuid references orgs on delete cascade,
  call_id uuid not null,
  mark text not null,
  created_at timestamptz not null,       -- the call's
  updated_at timestamptz not null default now(),
  primary key (call_id, mark)
);
create index call_marks_mark_idx on call_marks (org_id, mark, created_at desc, call_id desc);
select zencall_tenant_table('call_marks');

create function call_is_quick(direction text, created_at timestamptz, rang_at timestamptz, answered_at timestamptz) returns boolean
language sql immutable parallel safe as $$
  select direction = 'inbound' and answered_at is not null and answered_at - coalesce(rang_at, created_at) <= interval '5 seconds'
$$;

create function call_has_open_question(id uuid, at timestamptz) returns boolean language sql stable as $$
  select exists (select from call_events e where e.call_id = id and e.created_at = at and e.kind = 'answer' and e.detail ->> 'entry' is null)
$$;

-- What each call contributes as it is now. A call that is not over contributes nothing yet.
create view call_contributions with (security_invoker = true) as
  select c.id as call_id, c.org_id, c.created_at, date_bin('15 minutes', c.created_at, '2000-01-01 00:00:00+00') as quarter,
    coalesce(c.assistant_id, '00000000-0000-0000-0000-000000000000') as assistant_id,
    coalesce(c.number_id, '00000000-0000-0000-0000-000000000000') as number_id,
    coalesce(c.outcome, 'done') as outcome,
    (c.direction = 'inbound')::int::bigint as received, (c.answered_at is not null)::int::bigint as answered,
    call_is_quick(c.direction, c.created_at, c.rang_at, c.answered_at)::int::bigint as quick,
    coalesce(c.duration_s, 0)::bigint as length_s, coalesce(c.cost_micro_usd, 0) as cost_micro_usd,
    call_has_open_question(c.id, c.created_at)::int::bigint as unanswered
  from calls c where c.status = 'ended';

-- Notes calls as to be counted; for tenants, too, who see the list as little as each other's calls.
create function zencall_recount(ids uuid[]) returns void
language sql security definer set search_path = pg_catalog, public, pg_temp as $$
  insert into public.calls_to_count (call_id) select unnest(ids)
$$;
revoke execute on function zencall_recount from public;
grant execute on function zencall_recount to zencall_org;

create function note_deleted_call() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  insert into public.calls_to_count (call_id) values (old.id);
  return null;
end $$;
create trigger calls_deleted after delete on calls for each row execute function note_deleted_call();

-- Counts at most so many notes; returns how many there were. One at a time: two that counted one call would both take away what it was.
create function zencall_count_calls(at_most int) returns int language plpgsql as $$
#variable_conflict use_column
declare
  ids uuid[];
  notes int;
begin
  perform pg_advisory_xact_lock(hashtext('zencall_count_calls'));
  with taken as (
    delete from calls_to_count where id in (select id from calls_to_count order by id limit at_most) returning call_id
  )
  select array_agg(distinct call_id), count(*) into ids, notes from taken;
  if notes = 0 then
    return 0;
  end if;
  -- All of it in one statement, so from one moment: what is written down as counted is what was counted.
  with now_is as materialized (
    select f.* from unnest(ids) as k (id) join call_contributions f on f.call_id = k.id and f.created_at = uuid_time(k.id)
  ), was as materialized (
    select * from call_counted where call_id = any (ids)
  ), forgotten as (
    delete from call_counted c where c.call_id = any (ids) and not exists (select from now_is n where n.call_id = c.call_id)
  ), kept as (
    insert into call_counted (call_id, org_id, quarter, assistant_id, number_id, outcome, received, answered, quick, length_s, cost_micro_usd, unanswered, created_at)
    select call_id, org_id, quarter, assistant_id, number_id, outcome, received, answered, quick, length_s, cost_micro_usd, unanswered, created_at from now_is
    on conflict (call_id) do update set quarter = excluded.quarter, assistant_id = excluded.assistant_id, number_id = excluded.number_id,
      outcome = excluded.outcome, received = excluded.received, answered = excluded.answered, quick = excluded.quick, length_s = excluded.length_s,
      cost_micro_usd = excluded.cost_micro_usd, unanswered = excluded.unanswered, updated_at = now()
  ), both_ as (
    select 1 as sign, org_id, quarter, assistant_id, number_id, outcome, received, answered, quick, length_s, cost_micro_usd, unanswered from now_is
    union all
    select -1, org_id, quarter, assistant_id, number_id, outcome, received, answered, quick, length_s, cost_micro_usd, unanswered from was
  ), delta as (
    select org_id, quarter, assistant_id, number_id, sum(sign) as calls, sum(sign * received) as received, sum(sign * answered) as answered,
      sum(sign * quick) as quick, sum(sign * length_s) as length_s, sum(sign * cost_micro_usd) as cost_micro_usd, sum(sign * unanswered) as unanswered,
      coalesce(sum(sign) filter (where outcome = 'done'), 0) as done, coalesce(sum(sign) filter (where outcome = 'moved'), 0) as moved,
      coalesce(sum(sign) filter (where outcome = 'voicemail'), 0) as voicemail, coalesce(sum(sign) filter (where outcome = 'missed'), 0) as missed,
      coalesce(sum(sign) filter (where outcome = 'failed'), 0) as failed, coalesce(sum(sign) filter (where outcome = 'cancelled'), 0) as cancelled
    from both_ group by org_id, quarter, assistant_id, number_id
  )
  insert into call_quarters as q (org_id, quarter, assistant_id, number_id, calls, received, answered, quick, length_s, cost_micro_usd, unanswered,
    done, moved, voicemail, missed, failed, cancelled)
  select * from delta
  where (calls, received, answered, quick, length_s, cost_micro_usd, unanswered, done, moved, voicemail, missed, failed, cancelled)
    <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  on conflict (org_id, quarter, assistant_id, number_id) do update set calls = q.calls + excluded.calls, received = q.received + excluded.received,
    answered = q.answered + excluded.answered, quick = q.quick + excluded.quick, length_s = q.length_s + excluded.length_s,
    cost_micro_usd = q.cost_micro_usd + excluded.cost_micro_usd, unanswered = q.unanswered + excluded.unanswered, done = q.done + excluded.done,
    moved = q.moved + excluded.moved, voicemail = q.voicemail + excluded.voicemail, missed = q.missed + excluded.missed,
    failed = q.failed + excluded.failed, cancelled = q.cancelled + excluded.cancelled, updated_at = now();
  -- What the calls can be found by follows; tags are people's, and go with their call only.
  with there as materialized (
    select c.id, c.org_id, c.created_at from unnest(ids) as k (id) join calls c on c.id = k.id and c.created_at = uuid_time(k.id)
  ), wanted as materialized (
    select distinct t.org_id, t.id as call_id, t.created_at, (claim ->> 'part') || ':' || (claim ->> 'code') as mark
    from there t join call_analyses a on a.call_id = t.id cross join jsonb_array_elements(a.claims) as claim
    where claim ->> 'part' in ('outcome', 'intent', 'sentiment', 'flag', 'topic')
    union all
    select org_id, id, created_at, 'question:unanswered' from there where call_has_open_question(id, created_at)
  ), gone as (
    delete from call_marks m where m.call_id = any (ids)
      and (not exists (select from there t where t.id = m.call_id)
        or not starts_with(m.mark, 'tag_') and not exists (select from wanted w where w.call_id = m.call_id and w.mark = m.mark))
  )
  insert into call_marks (org_id, call_id, mark, created_at) select org_id, call_id, mark, created_at from wanted on conflict do nothing;
  return notes;
end $$;

-- Notes the calls of a month that are not counted as they are; returns how many.
create function zencall_compare_month(of_month date) returns int language plpgsql as $$
declare
  noted int;
begin
  insert into calls_to_count (call_id)
  select f.call_id from call_contributions f left join call_counted k on k.call_id = f.call_id
  where f.created_at >= of_month::timestamp at time zone 'UTC' and f.created_at < (of_month + interval '1 month') at time zone 'UTC'
    and (k.call_id is null
      or (k.quarter, k.assistant_id, k.number_id, k.outcome, k.received, k.answered, k.quick, k.length_s, k.cost_micro_usd, k.unanswered)
        is distinct from (f.quarter, f.assistant_id, f.number_id, f.outcome, f.received, f.answered, f.quick, f.length_s, f.cost_micro_usd, f.unanswered)
      or exists (select from call_analyses a where a.call_id = f.call_id and a.updated_at > k.updated_at));
  get diagnostics noted = row_count;
  return noted;
end $$;

insert into months_to_count (month)
select to_date(substr(inhrelid::regclass::text, 8), '"y"YYYY"m"MM') from pg_inherits where inhparent = 'calls'::regclass;
