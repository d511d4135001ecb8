-- Searching the words of calls stays quick however many calls there are, of this organisation and of others.
-- Row security would hide the index from a tenant's own LIKE: the operator is not leakproof, so it has to run after the policy, on every row.

create extension if not exists btree_gin;
drop index calls_search_idx;
create index calls_search_idx on calls using gin (org_id, search_text gin_trgm_ops);

-- The newest calls of the transaction's own organisation that hold every pattern and suit the filter: month by month, until there are enough.
-- `patterns` stand longest first: the first is looked up, the others are compared.
create function calls_found(
  patterns text[], of_status text, of_outcome text, of_direction text, of_assistant uuid, from_at timestamptz, to_at timestamptz,
  before_at timestamptz, before_id uuid, wanted int
) returns table (id uuid, created_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
#variable_conflict use_column
declare
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
        and (of_direction is null or c.direction = of_direction) and (of_assistant is null or c.assistant_id = of_assistant)
      order by c.created_at desc, c.id desc limit wanted;
    get diagnostics found_now = row_count;
    wanted := wanted - found_now;
    upper_end := lower_end;
  end loop;
end $$;
revoke execute on function calls_found from public;
grant execute on function calls_found to zencall_org;
