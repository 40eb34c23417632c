-- How inventory lies on disk. What dealers do every night is the same items with new prices, and a price
-- stands in no index: such an UPDATE leaves all of them alone (HOT), if the new version of the row finds
-- room on the page of the old one. On full pages it does not, and every index, four of them GIN, gets an
-- entry for each row.
--
-- The catalogue alone is changed, under a lock (SHARE UPDATE EXCLUSIVE) that nobody who reads or writes
-- rows waits for. Pages that are there stay as they are: an item that is there gains from the second
-- time on that its price changes, when it has moved to a page with room, and autovacuum has made room
-- where it was. The table grows to 1/0.7 of its size once. (VACUUM FULL would do it at once, and lock
-- everybody out meanwhile: not needed.)
--
-- Settings that this table has already are somebody's choice, and stay.
do $$
declare
  setting record;
begin
  for setting in
    select wanted.* from (values
      -- Room for three new versions beside seven rows; dead ones on the page make room for the next.
      ('fillfactor', '70'),
      -- A night changes one dealer's items, a few of a hundred in a table of many dealers. By the
      -- defaults (a fifth, a tenth) dead rows would pile up for weeks before they make room, and the
      -- planner would not hear of a new dealer's 78,000 items among a million.
      ('autovacuum_vacuum_scale_factor', '0.02'),
      ('autovacuum_analyze_scale_factor', '0.02'),
      -- New items wait in the GIN indexes' pending lists, which every search reads through, until a
      -- vacuum sorts them in.
      ('autovacuum_vacuum_insert_scale_factor', '0.02')
    ) as wanted (name, value)
    where wanted.name not in (
      select split_part(given, '=', 1)
      from pg_catalog.pg_class c cross join unnest(c.reloptions) as given
      where c.oid = 'public.inventory'::regclass)
  loop
    execute format('alter table public.inventory set (%s = %s)', setting.name, setting.value);
  end loop;
end $$;
