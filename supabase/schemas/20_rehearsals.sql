-- What a rehearsal finds: kept for each batch, in a form that adds up whatever the batches' order, and
-- put together at its end. A rehearsal is what a user asks for (options.dry_run), or what comes first
-- because an organization has guards.

-- One row a batch that was rehearsed; gone when the job ends. Here and not in public: PostgREST does
-- not expose this schema.
create table import_internal.rehearsals (
  job_id uuid not null references public.scheduled_jobs (id) on delete cascade,
  first_row integer not null, -- of the batch
  last_row integer not null,
  created integer not null default 0,
  updated integer not null default 0,
  unchanged integer not null default 0, -- part of updated
  failed integer not null default 0,
  matched integer not null default 0, -- part of updated: not replaced by a later row of the file
  leaping integer not null default 0, -- rows with a price that leaps, as the run's guard says
  emptied integer not null default 0, -- rows whose item loses all of its quantity
  changes jsonb not null default '[]', -- the first 200, as import_runs.rehearsal has them
  -- By column, {"sizes": {place of move_sizes: rows}, "largest": [the ten largest moves]}.
  moves jsonb not null default '{}',
  examples jsonb not null default '[]', -- three moves for each guard: {"guard", …}
  primary key (job_id, first_row)
);
alter table import_internal.rehearsals enable row level security;
revoke all on import_internal.rehearsals from public, anon, authenticated, service_role;
grant select, insert, update, delete on import_internal.rehearsals to service_role;

-- How far a number moves, in words; move_size gives the place.
create function import_internal.move_sizes()
returns text[]
language sql immutable security invoker set search_path = '' as $$
  select array[
    'becomes 0', 'falls by more than 50 %', 'falls by 20 to 50 %', 'falls by 5 to 20 %',
    'falls by up to 5 %', 'rises by up to 5 %', 'rises by 5 to 20 %', 'rises by 20 to 50 %',
    'rises by 50 to 100 %', 'rises by more than 100 %', 'was 0 or empty'];
$$;

-- By how many percent a number moves; NULL where it was 0 or empty.
create function import_internal.move_percent(before numeric, after numeric)
returns numeric
language sql immutable security invoker set search_path = '' as $$
  select (after - before) * 100 / abs(nullif(before, 0));
$$;

create function import_internal.move_size(before numeric, after numeric)
returns integer
language sql immutable security invoker set search_path = '' as $$
  select case
    when coalesce(before, 0) = 0 then 11
    when after = 0 then 1
    when percent < -50 then 2 when percent < -20 then 3 when percent < -5 then 4
    when percent < 0 then 5
    when percent <= 5 then 6 when percent <= 20 then 7 when percent <= 50 then 8
    when percent <= 100 then 9 else 10 end
  from import_internal.move_percent(before, after) as percent;
$$;

-- By what people know a record of a data type.
create function import_internal.telling_columns(data_type text)
returns text[]
language sql immutable security invoker set search_path = '' as $$
  select case data_type
    when 'inventory' then array['sku', 'name']
    when 'contacts' then array['name', 'email', 'company']
    else array['client_name', 'project_name'] end;
$$;

-- Enters a batch that is rehearsed before it is judged. Returns NULL when it is new, else what it
-- found before. A second call for the same batch waits here until the first has ended.
create function import_internal.open_rehearsal(
  job_id uuid, first_row integer, last_row integer)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
begin
  insert into import_internal.rehearsals (job_id, first_row, last_row)
  values (open_rehearsal.job_id, open_rehearsal.first_row, open_rehearsal.last_row)
  on conflict on constraint rehearsals_pkey do nothing;
  if found then return null; end if;
  return (
    select jsonb_build_object(
      'created', r.created, 'updated', r.updated, 'unchanged', r.unchanged, 'failed', r.failed)
    from import_internal.rehearsals r
    where r.job_id = open_rehearsal.job_id and r.first_row = open_rehearsal.first_row);
end $$;

-- The records that a change set names, by id, as they are there: {id: {"sku", "name"}, ...}.
create function import_internal.told_records(
  relation regclass, columns text[], ids text[])
returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
declare
  told jsonb;
begin
  execute format(
    'select jsonb_object_agg(r.id, jsonb_strip_nulls(jsonb_build_object(%s)))
     from %s r where r.id = any ($1::%s[])',
    (select string_agg(format('%L, r.%I', c.name, c.name), ', ')
     from import_internal.columns_of(relation) c where c.name = any (columns)),
    relation,
    (select c.type from import_internal.columns_of(relation) c where c.name = 'id'))
  into told using ids;
  return coalesce(told, '{}');
end $$;

-- Keeps what a batch that was rehearsed would have done.
-- rows: as apply_batch has them; changed: as the upsert function told it; counts: the batch's.
create function import_internal.keep_rehearsal(
  run public.import_runs, rows jsonb, changed public.import_changes, counts public.import_batches)
returns void
language plpgsql security invoker set search_path = '' as $$
declare
  data_type constant text := (
    select j.data_type from public.scheduled_jobs j where j.id = run.job_id);
  telling_names constant text[] := import_internal.telling_columns(data_type);
  kept import_internal.rehearsals;
  shown integer[]; -- the first 200 rows that change something
  changes jsonb := coalesce(changed.changes, '{}');
  told jsonb;
begin
  -- Rows that a later row replaces are updated, and match nothing.
  kept.matched := counts.updated - (
    select count(*) from jsonb_array_elements(rows) as entry where entry ? 'superseded_by');

  -- Unless 200 before them are known.
  if (select coalesce(sum(r.created + r.updated - r.unchanged), 0) < 200
      from import_internal.rehearsals r
      where r.job_id = run.job_id and r.first_row < counts.first_row)
  then
    shown := array(
      select number from unnest(changed.created_rows || changed.updated_rows) as number
      order by number limit 200);
  end if;
  told := import_internal.told_records(
    format('public.%I', data_type)::regclass, telling_names, changed.updated_ids);

  with entry as materialized (
    select (value ->> 'row_number')::integer as row_number,
           coalesce(value -> 'file_row', value -> 'row_number') as file_row,
           value - '{row_number,file_row,as_it_came,name_made_up,search_keywords}'::text[] as cells
    from jsonb_array_elements(rows)
  ),
  record as materialized (
    select entry.*, updated.id,
           coalesce(
             told -> updated.id,
             (select jsonb_object_agg(name, cells -> name)
              from unnest(telling_names) as name where cells ? name)) as telling
    from entry
    left join unnest(changed.updated_rows, changed.updated_ids) as updated (row_number, id)
      using (row_number)
  ),
  change as materialized (
    select (value ->> 0)::integer as row_number, field, value -> 1 as before, value -> 2 as after
    from jsonb_each(changes) as of_column (field, those), jsonb_array_elements(those) as value
    where field <> all (import_internal.derived_columns())
  ),
  by_row as (
    select row_number, jsonb_object_agg(field, before) as before,
           jsonb_object_agg(field, after) as after
    from change group by row_number
  ),
  move as materialized (
    select change.row_number, field, before, after,
           import_internal.move_size(was, becomes) as size,
           import_internal.move_percent(was, becomes) as percent,
           -- How many times as much: the same for 10 to 20 and 20 to 10, 0 being as good as 1.
           round(greatest(was, becomes, 1) / greatest(least(was, becomes), 1), 6) as times,
           field = 'unit_price' or field like 'price\_tier\__' as is_price
    from change
    cross join lateral (
      select coalesce((before #>> '{}')::numeric, 0) as was, (after #>> '{}')::numeric as becomes
      where data_type = 'inventory'
        and (field in ('unit_price', 'cost', 'quantity', 'quantity_on_order')
             or field like 'price\_tier\__')) as moved
  ),
  told_move as (
    select move.*, jsonb_build_object(
             'row', record.file_row, 'record', record.telling, 'field', field, 'before', before,
             'after', after, 'percent', round(percent, 1)) as said
    from move join record using (row_number)
  ),
  of_field as (
    select field,
           (select jsonb_object_agg(size, number)
            from (select size, count(*) as number from move m
                  where m.field = moved.field group by size) as sized) as sizes,
           (select jsonb_agg(said - 'field' || jsonb_build_object('times', times)
                             order by times desc, row_number)
            from (select * from told_move t where t.field = moved.field
                  order by times desc, row_number limit 10) as far) as largest
    from (select distinct field from move) as moved
  ),
  leap as (
    select * from told_move
    where is_price and abs(percent) > (run.guards ->> 'leap_percent')::numeric
  ),
  emptied as (
    select * from told_move where field = 'quantity' and size = 1
  )
  select
    coalesce((
      select jsonb_agg(
        case when record.row_number = any (changed.created_rows) then jsonb_build_object(
          'row', file_row, 'record', telling, 'before', null, 'after', cells)
        else jsonb_build_object(
          'row', file_row, 'record', telling, 'before', coalesce(by_row.before, '{}'),
          'after', coalesce(by_row.after, '{}'))
          -- Not of what only the rehearsal has made.
          || case when told ? id then jsonb_build_object('id', id) else '{}' end end
        order by row_number)
      from record left join by_row using (row_number)
      where row_number = any (shown)), '[]'),
    coalesce((select jsonb_object_agg(field, jsonb_build_object(
      'sizes', sizes, 'largest', largest)) from of_field), '{}'),
    (select count(distinct row_number) from leap),
    (select count(*) from emptied),
    (select coalesce(jsonb_agg(said), '[]') from (
      (select said || '{"guard": "leap_percent"}' as said from leap
       order by row_number, field limit 3)
      union all
      (select said || '{"guard": "emptied_percent"}' from emptied
       order by row_number limit 3)) as first_ones)
  into kept.changes, kept.moves, kept.leaping, kept.emptied, kept.examples;

  insert into import_internal.rehearsals (
    job_id, first_row, last_row, created, updated, unchanged, failed, matched, leaping, emptied,
    changes, moves, examples)
  values (
    run.job_id, counts.first_row, counts.last_row, counts.created, counts.updated,
    counts.unchanged, counts.failed, kept.matched, kept.leaping, kept.emptied, kept.changes,
    kept.moves, kept.examples)
  on conflict on constraint rehearsals_pkey do update
  set (created, updated, unchanged, failed, matched, leaping, emptied, changes, moves, examples)
    = (excluded.created, excluded.updated, excluded.unchanged, excluded.failed, excluded.matched,
       excluded.leaping, excluded.emptied, excluded.changes, excluded.moves, excluded.examples);
end $$;
