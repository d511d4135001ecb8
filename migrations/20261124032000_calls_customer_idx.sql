-- Other calls with the same number are found without reading the month. The parent's index is made alone, which takes no time; months that are
-- small get theirs here, and the nightly duty makes those of large months without stopping writers, and joins them to it. Months to come have
-- theirs from birth. A call's number is written once, so changing the row stays cheap.

create index calls_customer_idx on only calls (org_id, customer_number, created_at desc);
do $$
declare month regclass; child text;
begin
  for month in select inhrelid::regclass from pg_inherits where inhparent = 'calls'::regclass loop
    if pg_relation_size(month) < 32 * 1024 * 1024 then
      child := month::text || '_customer_idx';
      execute format('create index %I on %s (org_id, customer_number, created_at desc)', child, month);
      execute format('alter index calls_customer_idx attach partition %I', child);
    end if;
  end loop;
end $$;
