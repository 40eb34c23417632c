-- One upload in parts: the CRM cuts a file of more than 2,000 records into …_part1.csv, …_part2.csv and
-- so on, a job each, inserted one after the other. People are told of the upload, once.

-- 7 for stock_part7.csv; NULL where a name is no part's.
create function import_internal.part_number(file_name text)
returns integer
language sql immutable security invoker set search_path = '' as $$
  select (regexp_match(file_name, '_part([0-9]{1,5})(\.[^.]*)?$'))[1]::integer;
$$;

-- stock.csv for stock_part7.csv; any other name as it is.
create function import_internal.upload_name(file_name text)
returns text
language sql immutable security invoker set search_path = '' as $$
  select regexp_replace(file_name, '_part[0-9]{1,5}(\.[^.]*)?$', '\1');
$$;

-- The parts of the upload that a job is a part of, itself among them as long as it is there: imports of
-- one data type by one person of one organization, of the same name but for the number, inserted
-- within an hour of it. Each part 1 begins another upload: the same file twice in an hour is two.
-- (Parts of the next occurrence of an upload that repeats are inserted when those of this one end, and
-- begin with a part 1 as well.)
create function import_internal.parts_of(job public.scheduled_jobs)
returns table (id uuid, part integer, status text, created_at timestamptz)
language sql stable security invoker set search_path = '' as $$
  -- The patterns of part_number and upload_name, written out: a call a row is forty times as slow.
  with alike as materialized (
    select j.id, (regexp_match(j.file_name, '_part([0-9]{1,5})(\.[^.]*)?$'))[1]::integer as part,
           j.status, j.created_at
    from public.scheduled_jobs j
    where j.organization_id = job.organization_id
      and j.created_at between job.created_at - interval '1 hour' and job.created_at + interval '1 hour'
      and j.job_type = 'import' and j.data_type = job.data_type
      and j.created_by is not distinct from job.created_by
      and j.file_name ~ '_part[0-9]{1,5}(\.[^.]*)?$'
      and regexp_replace(j.file_name, '_part[0-9]{1,5}(\.[^.]*)?$', '\1')
          = regexp_replace(job.file_name, '_part[0-9]{1,5}(\.[^.]*)?$', '\1')
  ),
  begins as (
    select coalesce(
      max(a.created_at) filter (where a.part = 1 and a.created_at <= job.created_at),
      min(a.created_at)) as at
    from alike a
  ),
  next as (
    select min(a.created_at) as at from alike a, begins where a.part = 1 and a.created_at > begins.at
  )
  select a.id, a.part, a.status, a.created_at
  from alike a, begins, next
  where a.created_at >= begins.at and (next.at is null or a.created_at < next.at)
  order by a.created_at, a.part;
$$;

-- Whether parts of an upload, named by its first, are still to end. (It was over when it was told.
-- Since then more may have been inserted.)
create function import_internal.has_unfinished_parts(upload_id uuid)
returns boolean
language sql stable security invoker set search_path = '' as $$
  select exists (
    select from public.scheduled_jobs j
    cross join lateral import_internal.parts_of(j) p
    where j.id = has_unfinished_parts.upload_id and p.status in ('pending', 'processing'));
$$;

-- How jobs of one upload, or one job, ended: the event, NULL if there is nothing to tell, and its data
-- (docs/NOTIFICATIONS.md). A failure of one part is the upload's: somebody has to do something.
-- Nobody is told of previews and rehearsals, for whoever asked waits for the answer; nor of what was
-- only cancelled; nor of an export that the creator's page ran, which has no run.
create function import_internal.ending_of(
  job_ids uuid[], is_upload boolean, out event text, out data jsonb)
language sql stable security invoker set search_path = '' as $$
  with job as materialized (
    select j.id, j.status, j.data_type, j.file_name, j.creator_name, j.error_message, j.started_at,
           j.completed_at, given.place, r.kind, r.outcome, r.row_count, r.created,
           r.updated, r.unchanged, r.removed, r.failed, r.unprocessed, r.zeroed, r.export_path,
           r.failed_rows_path,
           coalesce(j.status = 'failed' and r.rehearsal ? 'held', false) as is_held
    from unnest(job_ids) with ordinality as given (id, place)
    join public.scheduled_jobs j on j.id = given.id
    left join lateral (
      select * from public.import_runs r where r.job_id = j.id
      order by r.started_at desc limit 1) as r on true
    where r.kind is distinct from 'preview' and r.dry_run is not true
  ),
  total as (
    select count(*) as jobs,
           count(*) filter (where status = 'completed') as completed,
           count(*) filter (where status = 'failed' and not is_held and kind is not null) as failed,
           count(*) filter (where is_held) as held,
           count(*) filter (where status = 'cancelled') as cancelled,
           (array_agg(kind order by place) filter (where kind is not null))[1] as kind,
           (array_agg(data_type order by place))[1] as data_type,
           (array_agg(file_name order by place))[1] as file_name,
           (array_agg(creator_name order by place))[1] as creator_name,
           min(started_at) as started_at, max(completed_at) as ended_at,
           sum(row_count) as rows, sum(created) as created, sum(updated - unchanged) as changed,
           sum(unchanged) as unchanged, sum(removed) as removed, sum(job.failed) as refused,
           sum(unprocessed) as unprocessed, sum(zeroed) as zeroed,
           (array_agg(id order by status <> 'failed', place))[1] as first_id,
           max(export_path) as export_path,
           count(failed_rows_path) > 0 as has_failed_rows
    from job
  ),
  line as (
    select job.place, of_job.place as line,
           case when is_upload
             then 'Part ' || import_internal.part_number(job.file_name) || ': ' else '' end
           || import_internal.readable(of_job.said) as said
    from job
    cross join lateral regexp_split_to_table(job.error_message, E'\r?\n')
      with ordinality as of_job (said, place)
    where btrim(of_job.said) <> '' and not (is_upload and of_job.said like '… and %')
  ),
  reason as (
    select coalesce(jsonb_agg(said order by place, line), '[]') as lines
    from (select * from line order by place, line limit 12) as first_ones
  )
  select
    case
      when total.failed > 0 then 'import.failed'
      when total.held > 0 then 'import.held'
      when total.completed = 0 or total.kind is null then null
      when total.kind = 'undo' then 'import.undone'
      when total.kind = 'export' then 'export.ready'
      else 'import.completed' end,
    jsonb_strip_nulls(jsonb_build_object(
      'kind', total.kind, 'data_type', total.data_type,
      'job_id', total.first_id,
      'file_name', case when is_upload then import_internal.upload_name(total.file_name)
        else total.file_name end,
      'creator_name', total.creator_name,
      'started_at', total.started_at, 'ended_at', total.ended_at,
      'parts', case when is_upload then jsonb_build_object(
        'total', total.jobs, 'completed', total.completed, 'failed', total.failed,
        'held', total.held, 'cancelled', total.cancelled) end,
      'rows', total.rows, 'created', total.created, 'changed', total.changed,
      'unchanged', total.unchanged, 'removed', total.removed, 'refused', total.refused,
      'unprocessed', total.unprocessed, 'zeroed', total.zeroed,
      'reasons', reason.lines, 'export_path', total.export_path,
      'has_failed_rows', total.has_failed_rows))
  from total, reason;
$$;
