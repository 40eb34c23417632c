-- An undo's batch: one change set taken back, exactly once; and what of it was kept, and why.

-- What later imports did to these records of a change set: by record and field, the latest of them.
-- at: only those of these times, which spares looking into all the others; NULL: any.
create function import_internal.later_changes(
  taken public.import_changes, besides uuid, ids text[], at timestamptz[])
returns table (id text, field text, after jsonb, changed_at timestamptz, by_whom text)
language sql stable security invoker set search_path = '' as $$
  with later as materialized (
    select distinct on (touched.id, f.key) touched.id, f.key as field, f.value as list,
           touched.row_number, c.changed_at, c.job_id
    from public.import_changes c
    cross join lateral unnest(c.updated_ids, c.updated_rows) as touched (id, row_number)
    join unnest(ids) as asked (id) on asked.id = touched.id
    cross join lateral jsonb_each(c.changes) as f
    where c.organization_id = taken.organization_id and c.data_type = taken.data_type
      and c.id > taken.id and c.job_id <> besides
      and cardinality(ids) > 0 and (at is null or c.changed_at = any (at))
    order by touched.id, f.key, c.id desc, touched.row_number desc
  )
  select later.id, later.field,
         (select value -> 2 from jsonb_array_elements(later.list) as value
          where (value ->> 0)::integer = later.row_number),
         later.changed_at,
         case when j.file_data ? 'undo' then 'an undo' else coalesce(j.file_name, 'another import') end
  from later
  join public.scheduled_jobs j on j.id = later.job_id;
$$;

-- Keeps, for people, what an undo left as it is: a sentence for each record, and by field what it was,
-- what the import wrote and what is there now. rows: [{"number", "row"}, ...], the import's own
-- numbers. Up to 10,000 a job, as with refused rows (keep_errors).
create function import_internal.keep_kept(
  run public.import_runs, taken public.import_changes, kept jsonb, rows jsonb)
returns void
language plpgsql security invoker set search_path = '' as $$
declare
  room constant integer := import_internal.room_for_errors(run.job_id);
  time_zone constant text := run.time_zone;
  file constant text := (
    select case when j.file_data ? 'undo' then 'an undo' else j.file_name end
    from public.scheduled_jobs j where j.id = taken.job_id);
begin
  insert into public.import_errors (job_id, row_number, organization_id, field, message, "row")
  with given as materialized (
    select (entry ->> 'number')::integer as number, entry ->> 'id' as id, entry -> 'now' as now,
           entry ->> 'why' as why, entry -> 'fields' as fields,
           (entry #>> '{now,updated_at}')::timestamptz as touched_at
    from jsonb_array_elements(kept) as entry
    order by 1
    limit room
  ),
  -- An import's now() is in the record's updated_at, unless somebody saved it after.
  latest as materialized (
    select l.*
    from import_internal.later_changes(
      taken, run.job_id, array(select given.id from given where given.why is null),
      array(select distinct given.touched_at from given where given.touched_at is not null)) l
  ),
  later as materialized (
    select * from latest
    union all
    select l.*
    from import_internal.later_changes(
      taken, run.job_id,
      array(
        select given.id
        from given cross join lateral jsonb_array_elements(given.fields) as f (field)
        where not exists (
          select from latest
          where latest.id = given.id and latest.field = f.field ->> 'field'
            and latest.after = f.field -> 'now')),
      null) l
  ),
  told as (
    select given.number, f.place, f.field ->> 'field' as field,
           -- The latest import that touched this field, or any, if what is there is its work.
           coalesce(replace(f.field ->> 'field', '_', ' '), 'it') || ' was changed' || coalesce(
             (select ' on ' || said.day || ' by ' || l.by_whom
              from later l
              cross join lateral (
                select to_char(l.changed_at at time zone time_zone, 'FMDD FMMonth YYYY') as day) said
              where l.id = given.id
                and (f.field is not null and l.field = f.field ->> 'field'
                       and l.after = f.field -> 'now'
                     or f.field is null and l.changed_at = given.touched_at)
              order by l.changed_at desc
              limit 1),
             case when given.touched_at > taken.changed_at
               then ' on ' || to_char(given.touched_at at time zone time_zone, 'FMDD FMMonth YYYY')
             end || ' by hand',
             ' by hand') as why,
           f.field as values
    from given
    left join lateral jsonb_array_elements(given.fields) with ordinality as f (field, place) on true
    where given.why is null
  ),
  said as (
    select given.number, given.now, coalesce(given.why, t.why) as why, t.field,
           coalesce(t.fields, '[]') as fields,
           coalesce(given.now ->> 'sku', given.now ->> 'project_name', given.now ->> 'name',
                    given.now ->> 'title', 'a record that is gone') as record
    from given
    left join (
      select told.number, string_agg(told.why, '; ' order by told.place) as why,
             case when count(*) = 1 then max(told.field) end as field,
             jsonb_agg(told.values || jsonb_build_object('why', told.why) order by told.place)
               filter (where told.values is not null) as fields
      from told group by told.number) as t on t.number = given.number
  )
  select run.job_id, said.number, run.organization_id, said.field, said.record || ': ' || said.why,
         jsonb_build_object(
           'record', said.record, 'why', said.why, 'fields', said.fields, 'file', file,
           'row', (select entry -> 'row' from jsonb_array_elements(rows) as entry
                   where (entry ->> 'number')::integer = said.number),
           'data_type', taken.data_type)
  from said
  order by said.number;
end $$;

-- What a change set asks of each step, the rows numbered from first_row on in the order in which they
-- are taken back: the reverse of how they came to be. So a record that a batch made and then changed
-- is changed back before it is removed.
create function import_internal.asked_of(
  taken public.import_changes, first_row integer, out inserts jsonb, out updates jsonb[],
  out removals jsonb, out rows jsonb)
language plpgsql stable security invoker set search_path = '' as $$
declare
  next_row integer := first_row;
begin
  select jsonb_agg(jsonb_build_object(
           'number', first_row + place - 1, 'row', entry -> 0, 'id', entry -> 1,
           'record', entry -> 2) order by place)
  into inserts
  from jsonb_array_elements(taken.removed) with ordinality as removed (entry, place);
  next_row := next_row + coalesce(jsonb_array_length(inserts), 0);

  -- A list for each time that one record was changed in this batch, the last time first.
  with given as (
    select u.row_number, u.id,
           row_number() over (partition by u.id order by u.row_number desc) as turn
    from unnest(taken.updated_rows, taken.updated_ids) as u (row_number, id)
  ),
  change as (
    select (one.value ->> 0)::integer as row_number,
           jsonb_object_agg(f.key, jsonb_build_array(one.value -> 1, one.value -> 2)) as fields
    from jsonb_each(taken.changes) as f
    cross join lateral jsonb_array_elements(f.value) as one
    group by 1
  ),
  numbered as (
    select given.*, coalesce(change.fields, '{}') as fields,
           next_row - 1 + row_number() over (order by given.turn, given.row_number desc) as number
    from given left join change on change.row_number = given.row_number
  ),
  listed as (
    select turn, jsonb_agg(jsonb_build_object(
             'number', number, 'row', row_number, 'id', id, 'changes', fields) order by number) as list
    from numbered group by turn
  )
  select array_agg(listed.list order by listed.turn) into updates from listed;
  next_row := next_row + coalesce(cardinality(taken.updated_rows), 0);

  select jsonb_agg(jsonb_build_object(
           'number', next_row + c.place - 1, 'row', c.row_number, 'id', c.id, 'digest', c.digest,
           'columns', taken.digested_columns) order by c.place)
  into removals
  from unnest(taken.created_rows, taken.created_ids, taken.created_digests)
       with ordinality as c (row_number, id, digest, place);

  rows := coalesce(inserts, '[]') || coalesce(removals, '[]')
    || coalesce((select jsonb_agg(entry) from unnest(updates) as list
                 cross join lateral jsonb_array_elements(list) as entry), '[]');
end $$;

-- Takes a change set back, but for what it has to keep: the steps in their order.
-- In a rehearsal all of it is undone again.
create function import_internal.take_back(
  run public.import_runs, taken public.import_changes, first_row integer,
  out changed public.import_changes, out kept jsonb, out rows jsonb)
language plpgsql security invoker set search_path = '' as $$
declare
  relation constant regclass := ('public.' || taken.data_type)::regclass;
  asked record := import_internal.asked_of(taken, first_row);
  attempt record;
  list jsonb;
begin
  rows := asked.rows;
  kept := '[]';
  begin
    asked.removals := import_internal.judge_made(run, relation, asked.removals);
    attempt := import_internal.try_step(
      'import_internal.insert_again', run, relation, asked.inserts);
    changed := attempt.changed;
    kept := kept || attempt.kept;
    foreach list in array coalesce(asked.updates, '{}') loop
      attempt := import_internal.try_step('import_internal.put_back', run, relation, list);
      changed := import_internal.joined(changed, attempt.changed);
      kept := kept || attempt.kept;
    end loop;
    attempt := import_internal.try_step(
      'import_internal.remove_made', run, relation, asked.removals);
    changed := import_internal.joined(changed, attempt.changed);
    kept := kept || attempt.kept;
    if run.dry_run then
      raise sqlstate 'IMDRY';
    end if;
  exception when sqlstate 'IMDRY' then
    null;
  end;
  changed.data_type := taken.data_type;
  changed.undoes := taken.id;
end $$;

-- Notes that a change set was taken back. If it was an undo's, what that one had taken back stands
-- again; if that was an undo's in its turn, what it had taken back is undone once more; and so on.
create function import_internal.mark_undone(
  run public.import_runs, taken public.import_changes)
returns void
language plpgsql security invoker set search_path = '' as $$
declare
  undo public.import_changes := taken;
  stands boolean := true;
begin
  update public.import_changes c
  set undone_at = now(), undo_job_id = run.job_id
  where c.id = taken.id;
  while undo.undoes is not null loop
    update public.import_changes c
    set undone_at = case when not stands then now() end,
        undo_job_id = case when not stands then undo.job_id end
    where c.id = undo.undoes
    returning c.* into undo;
    stands := not stands;
  end loop;
end $$;

-- Takes back the change set whose rows begin_undo numbered first_row to last_row, in one transaction:
-- the fence, the ledger, the records, what was kept, the undo's own change set. Called twice, it
-- changes nothing the second time.
-- Counted are: created, records that are there again; updated, those that were put back, and among
-- them removed; failed, those that were kept, in part or as a whole. A set of which all was kept may
-- be tried again by another undo.
-- Returns {"created", "updated", "unchanged", "failed"}. Errors: PT404, PT409, PT410; PT412 when the
-- import was deleted meanwhile.
create function public.apply_undo_batch(
  run_id uuid, first_row integer, last_row integer
) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  run public.import_runs := import_internal.hold_live_run(run_id);
  known jsonb := import_internal.open_batch(run.job_id, first_row, last_row);
  taken public.import_changes;
  attempt record;
  changed public.import_changes;
  counts public.import_batches;
begin
  if known is not null then
    return known;
  end if;
  select * into taken from public.import_changes c
  where c.undo_job_id = run.job_id and c.undo_first_row = apply_undo_batch.first_row
  for update;
  if taken.id is null or taken.row_count <> last_row - first_row + 1 then
    raise sqlstate 'PT412' using message =
      'The import was deleted while it was being undone. What was taken back before stays so.';
  end if;

  attempt := import_internal.take_back(run, taken, first_row);
  changed := attempt.changed;
  counts.failed := jsonb_array_length(attempt.kept);
  counts.created := coalesce(cardinality(changed.created_rows), 0);
  counts.updated := last_row - first_row + 1 - counts.created - counts.failed;
  counts.unchanged := 0;
  counts.removed := coalesce(jsonb_array_length(changed.removed), 0);
  if counts.failed > 0 then
    perform import_internal.keep_kept(run, taken, attempt.kept, attempt.rows);
  end if;
  if not run.dry_run and counts.created + counts.updated > 0 then
    perform import_internal.mark_undone(run, taken);
    perform import_internal.keep_changes(run, first_row, changed);
  end if;

  return import_internal.enter_counts(run.job_id, first_row, counts);
end $$;

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on function public.apply_undo_batch(uuid, integer, integer)
from public, anon, authenticated;
grant execute on function public.apply_undo_batch(uuid, integer, integer) to service_role;
