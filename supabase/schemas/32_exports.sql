-- Exports: what a run reads of a table, page by page, and how it ends well. How it ends otherwise,
-- and everything before: finish_import, release_import, report_progress, claim_import_jobs.

-- Locks the live run of an export and returns it: hold_live_run.
-- Errors: as there; 22023 when it is no export's.
create function import_internal.hold_export_run(run_id uuid)
returns public.import_runs
language plpgsql security invoker set search_path = '' as $$
declare
  run public.import_runs := import_internal.hold_live_run(run_id);
begin
  if run.kind <> 'export' then
    raise invalid_parameter_value using message = 'this run is no export';
  end if;
  return run;
end $$;

-- Which rows an export is about, as SQL; in it, $1 is the organization and $2 the filter:
-- {"category": [text, ...], "changed_since": a time, "in_stock": true}, each of which may be missing.
-- NULL: there is no such table, or it lacks a column that the filter needs.
create function import_internal.export_condition(entity text, filter jsonb)
returns text
language sql stable security invoker set search_path = '' as $$
  select 'organization_id = $1'
    || case when filter ? 'category' then
      ' and category = any (array(select jsonb_array_elements_text($2 -> ''category'')))'
      else '' end
    || case when filter ? 'changed_since' then
      ' and updated_at >= ($2 ->> ''changed_since'')::timestamptz' else '' end
    || case when filter -> 'in_stock' = 'true' then ' and quantity > 0' else '' end
  where entity in ('inventory', 'contacts', 'bids', 'quotes')
    and to_regclass(format('public.%I', entity)) is not null
    and not exists (
      select needed.name
      from (values ('category', 'category'), ('changed_since', 'updated_at'),
                   ('in_stock', 'quantity')) as needed (key, name)
      where filter ? needed.key
        and needed.name not in (
          select c.name from import_internal.columns_of(format('public.%I', entity)::regclass) c));
$$;

-- Counts what an export is about to write, and shows it as the job's total.
-- Returns {"total": rows; null: there is no such table, or it lacks a column that the filter needs}.
-- Errors: PT404, PT409, PT410; 22023 when the run is no export's.
create function public.begin_export(run_id uuid, entity text, filter jsonb)
returns jsonb
language plpgsql security invoker set search_path = ''
set plan_cache_mode = force_custom_plan set enable_seqscan = off set jit = off
as $$
declare
  run public.import_runs;
  condition constant text := import_internal.export_condition(entity, filter);
  total bigint;
begin
  perform import_internal.hold_live_run_and_job(begin_export.run_id);
  run := import_internal.hold_export_run(begin_export.run_id);

  if condition is not null then
    execute format('select count(*) from public.%I where %s', entity, condition)
    into total using run.organization_id, filter;
    update public.import_runs r
    set begun_at = clock_timestamp(), row_count = total where r.id = run.id;
    update public.scheduled_jobs j
    set progress = jsonb_build_object(
      'current', 0, 'total', total, 'percent', case total when 0 then 100 else 0 end)
    where j.id = run.job_id;
  end if;
  return jsonb_build_object('total', total);
end $$;

-- A page of the rows of the run's organization, in the order of their ids: row_count of them after
-- after_id (NULL: from the first on), fewer at the end. For columns, see the answer: it has those
-- that the table has.
-- Column by column, because so it is read and written in a third of the time: {"rows": how many,
-- "last_id": where to go on, "columns": {name: [value, ...], ...}}. Integers and JSON are as they
-- are, times are dates (UTC), every other value is text, exactly.
-- Errors: PT404, PT409, PT410; 22023 when the run is no export's, or the table is not there.
create function public.read_export_page(
  run_id uuid, entity text, columns text[], filter jsonb, after_id text, row_count integer)
returns json -- and not jsonb, which would be taken apart and put together once more
language plpgsql security invoker set search_path = ''
-- By the index, whatever the planner knows or does not know of the table: see upsert_inventory.
set plan_cache_mode = force_custom_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
-- What is switched off costs so much that every statement would be compiled.
set jit = off
as $$
declare
  run public.import_runs := import_internal.hold_export_run(run_id);
  condition constant text := import_internal.export_condition(entity, filter);
  relation regclass;
  given text;
  gathered text;
  page json;
begin
  if condition is null then
    raise invalid_parameter_value using message = format('there is nothing to export of %L', entity);
  end if;
  relation := format('public.%I', entity)::regclass;
  select
    string_agg(
      format(
        case
          when c.type in ('integer', 'bigint', 'smallint', 'json', 'jsonb') then ', %I'
          when c.type like 'timestamp%with time zone' then
            ', to_char(%1$I at time zone ''UTC'', ''YYYY-MM-DD'') as %1$I'
          when c.type like 'timestamp%' or c.type = 'date' then
            ', to_char(%1$I, ''YYYY-MM-DD'') as %1$I'
          else ', %1$I::text as %1$I'
        end, c.name), ''),
    string_agg(format('%L, coalesce(json_agg(p.%I), ''[]'')', c.name, c.name), ', ')
  into given, gathered
  from import_internal.columns_of(relation) c
  where c.name = any (columns);

  execute format(
    $sql$
    select json_build_object(
      'rows', count(*),
      'last_id', (array_agg(p.id))[count(*)],
      'columns', json_build_object(%s))
    from (
      select id %s from public.%I
      where %s and ($3 is null or id > $3::%s)
      order by organization_id, id
      limit $4) as p
    $sql$, gathered, given, entity, condition, import_internal.id_type(relation))
  into page
  using run.organization_id, filter, after_id, row_count;
  return page;
end $$;

-- A custom export's template, of the run's organization: {"template": an object, or null}.
-- Errors: PT404, PT409, PT410; 22023 when the run is no export's.
create function public.read_export_template(run_id uuid, template_id text)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  run public.import_runs := import_internal.hold_export_run(run_id);
  template jsonb;
begin
  if exists (
    select from pg_catalog.pg_attribute a
    where a.attrelid = to_regclass('public.organization_settings')
      and a.attname = 'export_templates' and not a.attisdropped)
  then
    execute $sql$
      select template
      from public.organization_settings s
      cross join lateral jsonb_path_query(to_jsonb(s.export_templates), '$[*]') as template
      where s.organization_id = $1 and template ->> 'id' = $2
      limit 1
      $sql$
    into template using run.organization_id, template_id;
  end if;
  return jsonb_build_object('template', template);
end $$;

-- Ends an export and its job, all or nothing: record_count rows are in the file at export_path of the
-- bucket exports, which lies in the job's own folder; notes are for whoever asked for it.
-- A job that a user cancelled stays as the user left it. Called again after a lost answer, it returns
-- the same. Returns what finish_import does.
-- Errors: PT404, PT409; 22023 when the run is no export's, or the path is not in its job's folder.
create function public.finish_export(
  run_id uuid, record_count integer, export_path text, notes text[] default '{}')
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  locked record := import_internal.lock_to_end(run_id);
  job_status constant text := locked.job_status;
  run public.import_runs := locked.run;
  ending text;
begin
  if run.kind <> 'export' then
    raise invalid_parameter_value using message = 'this run is no export';
  elsif not starts_with(export_path, run.organization_id || '/' || run.job_id || '/') then
    raise invalid_parameter_value using message = 'this path is not in the folder of the job';
  end if;
  ending := case job_status when 'cancelled' then 'cancelled' else 'completed' end;

  if run.finished_at is null then
    run := import_internal.close_run(run.id, ending);
    update public.import_runs r
    set row_count = finish_export.record_count,
        unprocessed = 0,
        export_path = finish_export.export_path,
        notes = coalesce(finish_export.notes, '{}')
    where r.id = run.id
    returning * into run;
    update public.scheduled_jobs j
    set status = ending,
        completed_at = coalesce(j.completed_at, now()),
        record_count = finish_export.record_count,
        error_message = null,
        progress = jsonb_build_object(
          'current', finish_export.record_count, 'total', finish_export.record_count,
          'percent', 100)
    where j.id = run.job_id and job_status <> 'cancelled';
    perform import_internal.schedule_next_occurrence(run.job_id);
  elsif run.outcome <> ending then
    raise sqlstate 'PT409' using message = 'this run is over', detail = run.outcome;
  end if;

  return import_internal.result_of(run);
end $$;

-- The next occurrence of an export that a page ran. The page inserts one too, but names columns that
-- are not its to write, so that is refused.
-- SECURITY DEFINER, for the user who says that the export is done may neither
-- see what repeats, nor write it. It takes no argument, and nobody can call it.
create function import_internal.schedule_next_after_page() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform import_internal.schedule_next_occurrence(new.id);
  return null;
end $$;

create trigger scheduled_jobs_schedule_next_after_page
  after update of status on public.scheduled_jobs
  for each row
  when (current_user = 'authenticated' and old.status = 'processing'
        and new.status in ('completed', 'failed'))
  execute function import_internal.schedule_next_after_page();

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on function
  public.begin_export(uuid, text, jsonb),
  public.read_export_page(uuid, text, text[], jsonb, text, integer),
  public.read_export_template(uuid, text),
  public.finish_export(uuid, integer, text, text[])
from public, anon, authenticated;
grant execute on function
  public.begin_export(uuid, text, jsonb),
  public.read_export_page(uuid, text, text[], jsonb, text, integer),
  public.read_export_template(uuid, text),
  public.finish_export(uuid, integer, text, text[])
to service_role;
