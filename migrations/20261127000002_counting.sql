-- The list of what is to be counted is mostly empty, and so it looks to the planner when it is long: `id in (…)` was then a loop in a loop,
-- seconds for a thousand notes of thirty thousand. A range of the key costs the same whatever the planner believes. The rest is as it was.

-- Counts at most so many notes; returns how many there were. One at a time: two that counted one call would both take away what it was.
create or replace function zencall_count_calls(at_most int) returns int language plpgsql as $$
#variable_conflict use_column
declare
  ids uuid[];
  notes int;
begin
  perform pg_advisory_xact_lock(hashtext('zencall_count_calls'));
  with taken as (
    delete from calls_to_count where id <= (select max(id) from (select id from calls_to_count order by id limit at_most) as first) returning call_id
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
