-- What a rehearsal found as a whole, and whether the guards hold the import.

-- What a rehearsal found, for import_runs.rehearsal:
--   {"rows": {"new", "changed", "unchanged", "refused"},
--    "changes": the first 200, [{"row", "record": {"sku", "name"}, "before", "after"}, ...], with the
--      record's "id" where there is one; before is null where it would be new,
--    "moves": [{"field", "items" (those that are there), "sizes": [{"change", "rows", "percent"}],
--      "largest": [{"row", "record", "before", "after", "percent"}]}],
--    "missing": {"items", "of" (items with a quantity), "first": [{"sku", "name", "quantity"}]}}
-- What there is nothing of is left out. Values are as they are stored: money in cents.
create function import_internal.rehearsal_of(run public.import_runs)
returns jsonb
language sql stable security invoker set search_path = '' as $$
  with kept as materialized (
    select * from import_internal.rehearsals r where r.job_id = run.job_id
  ),
  total as (
    select sum(created) as created, sum(updated - unchanged) as changed,
           sum(unchanged) as unchanged, sum(failed) as failed, sum(matched) as matched
    from kept
  ),
  change as (
    select value as said
    from kept, jsonb_array_elements(kept.changes)
    order by kept.first_row, (value ->> 'row')::integer
    limit 200
  ),
  move as (
    select field, of_field from kept, jsonb_each(kept.moves) as moved (field, of_field)
  ),
  sized as (
    select field, place::integer, sum(number::integer) as rows
    from move, jsonb_each_text(of_field -> 'sizes') as of_size (place, number)
    group by field, place
  ),
  ranked as (
    select field, value - 'times' as said, row_number() over (
      partition by field order by (value ->> 'times')::numeric desc, (value ->> 'row')::integer)
      as rank
    from move, jsonb_array_elements(of_field -> 'largest')
  ),
  missing as materialized (
    select i.sku, i.name, i.quantity
    from import_internal.missing_items m
    join public.inventory i on i.id = m.item_id
    where m.job_id = run.job_id
  )
  select jsonb_strip_nulls(jsonb_build_object(
    'rows', (
      select jsonb_build_object(
        'new', created, 'changed', changed, 'unchanged', unchanged, 'refused', failed)
      from total where created is not null),
    'moves', (
      select jsonb_agg(jsonb_build_object(
        'field', field, 'items', total.matched,
        'sizes', (
          select jsonb_agg(jsonb_build_object(
            'change', (import_internal.move_sizes())[place], 'rows', rows,
            'percent', round(100.0 * rows / total.matched, 1)) order by place)
          from sized where sized.field = fields.field),
        'largest', (
          select jsonb_agg(said order by rank)
          from ranked where ranked.field = fields.field and rank <= 10)) order by field)
      from (select distinct field from move) as fields, total),
    'missing', (
      select jsonb_build_object(
        'items', (select count(*) from missing),
        'of', (select count(*) from public.inventory i
               where i.organization_id = run.organization_id and i.quantity <> 0
                 and i.sku is not null),
        'first', (select jsonb_agg(to_jsonb(first_ones)) from (
          select * from missing order by missing.sku limit 200) as first_ones))
      where exists (select from missing))))
    -- Whose nulls mean something.
    || coalesce((
      select jsonb_build_object('changes', jsonb_agg(said)) from change having count(*) > 0), '{}');
$$;

-- A value of an item as people write it.
create function import_internal.as_written(field text, stored jsonb)
returns text
language sql immutable security invoker set search_path = '' as $$
  select case
    when stored is null or stored = 'null' then 'nothing'
    when field in ('unit_price', 'cost') or field like 'price\_tier\__'
      then to_char((stored #>> '{}')::numeric / 100, 'FM999,999,990.00')
    else stored #>> '{}' end;
$$;

-- A guard's sentence: what there is, of how many, and how many may be; NULL if it does not hold.
create function import_internal.guard_line(
  what text, found bigint, of_all bigint, allowed jsonb, example text)
returns text
language sql immutable security invoker set search_path = '' as $$
  select format('%s: %s of %s (%s %%), at most %s %% may be.', what,
    to_char(found, 'FM999,999,999,990'), to_char(of_all, 'FM999,999,999,990'),
    rtrim(to_char(100.0 * found / of_all, 'FM999990.9'), '.'), allowed #>> '{}')
    || coalesce(' For example ' || example || '.', '')
  where 100.0 * found > (allowed #>> '{}')::numeric * of_all;
$$;

-- Why the guards hold what a rehearsal found, a sentence a guard; NULL if none does.
create function import_internal.held_by(run public.import_runs, rehearsal jsonb)
returns text
language sql stable security invoker set search_path = '' as $$
  with kept as materialized (
    select * from import_internal.rehearsals r where r.job_id = run.job_id
  ),
  total as (
    select sum(failed) as failed, sum(matched) as matched, sum(leaping) as leaping,
           sum(emptied) as emptied
    from kept
  ),
  example as (
    select value ->> 'guard' as guard, format(
             'row %s, %s: %s %s → %s', value ->> 'row', value -> 'record' ->> 'sku',
             value ->> 'field',
             import_internal.as_written(value ->> 'field', value -> 'before'),
             import_internal.as_written(value ->> 'field', value -> 'after')) as said,
           row_number() over (
             partition by value ->> 'guard'
             order by (value ->> 'row')::integer, value ->> 'field') as place
    from kept, jsonb_array_elements(kept.examples)
  ),
  examples as (
    select guard, string_agg(said, '; ' order by place) as said
    from example where place <= 3 group by guard
  )
  select nullif(concat_ws(E'\n',
    import_internal.guard_line(
      'Refused rows', total.failed, run.row_count, run.guards -> 'refused_percent',
      (select string_agg(format('row %s: %s', row_number, message), '; ' order by row_number)
       from (select e.row_number, e.message from public.import_errors e
             where e.job_id = run.job_id order by e.row_number limit 3) as first_ones)),
    import_internal.guard_line(
      format('Items with a price that falls or rises by more than %s %%',
             run.guards ->> 'leap_percent'),
      total.leaping, total.matched, run.guards -> 'leaping_items_percent',
      (select said from examples where guard = 'leap_percent')),
    import_internal.guard_line(
      'Items whose quantity becomes 0', total.emptied, total.matched,
      run.guards -> 'emptied_percent',
      (select said from examples where guard = 'emptied_percent')),
    import_internal.guard_line(
      'Items with a quantity that the file lacks', (rehearsal #>> '{missing,items}')::bigint,
      (rehearsal #>> '{missing,of}')::bigint, run.guards -> 'missing_percent',
      (select string_agg(value ->> 'sku', ', ' order by place)
       from jsonb_array_elements(rehearsal #> '{missing,first}') with ordinality as f (value, place)
       where place <= 3))), '')
  from total;
$$;

-- Keeps with a rehearsal's run what it found; the run.
create function import_internal.keep_findings(run public.import_runs)
returns public.import_runs
language plpgsql security invoker set search_path = '' as $$
declare
  findings constant jsonb := import_internal.rehearsal_of(run);
begin
  update public.import_runs r
  set rehearsal = findings || jsonb_strip_nulls(
    jsonb_build_object('held', import_internal.held_by(run, findings)))
  where r.id = run.id returning * into run;
  return run;
end $$;

-- Judges a run whose rows were rehearsed, by the guards that it was claimed with, before anything is
-- written. If they let it through, what is applied from now on is written; if they hold it, the run
-- keeps what the rehearsal found, and never writes anything. Called again after a lost answer, it says
-- the same.
-- Returns {"held": why, for the dealer; null: nothing holds it}. Errors: PT404, PT409, PT410; 22023
-- when rows have not been rehearsed.
create function public.judge_import(run_id uuid)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  run public.import_runs := import_internal.hold_live_run_and_job(run_id);
  findings jsonb;
  why text;
begin
  if not import_internal.is_judged_first(run) then
    return '{"held": null}';
  end if;
  if run.guards - 'missing_percent' <> '{}' and run.row_count is distinct from (
    select coalesce(sum(r.last_row - r.first_row + 1), 0)
    from import_internal.rehearsals r where r.job_id = run.job_id)
  then
    raise invalid_parameter_value using message = 'not all rows have been rehearsed';
  end if;

  findings := import_internal.rehearsal_of(run);
  why := import_internal.held_by(run, findings);
  if why is not null then
    update public.import_runs r
    set rehearsal = findings || jsonb_build_object('held', why) where r.id = run.id;
    return jsonb_build_object('held', format(
      E'Nothing was written: the guards of your organization hold this import.\n%s\n%s', why,
      'If it is right all the same, an admin can import it with the guards off.'));
  end if;

  update public.import_runs r set judged_at = clock_timestamp() where r.id = run.id;
  -- What is refused now is found again.
  delete from public.import_errors e where e.job_id = run.job_id;
  delete from import_internal.rehearsals r where r.job_id = run.job_id;
  return '{"held": null}';
end $$;

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on function public.judge_import(uuid) from public, anon, authenticated;
grant execute on function public.judge_import(uuid) to service_role;
