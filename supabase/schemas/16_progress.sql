-- What a run reads, and what it tells on the way.

-- A page of a job's records, as they came: row_count of them from the 1-based first_row on, fewer
-- at the end. Errors: PT404, PT409, PT410.
create function public.read_job_records(run_id uuid, first_row integer, row_count integer)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  run public.import_runs := import_internal.hold_live_run(run_id);
  records jsonb := import_internal.records_of(run.job_id);
begin
  if first_row = 1 and jsonb_typeof(records) = 'array'
    and jsonb_array_length(records) <= read_job_records.row_count
  then
    return records; -- most jobs are one page
  end if;
  return jsonb_path_query_array(
    coalesce(records, '[]'), '$[$first to $last]',
    jsonb_build_object('first', first_row - 1, 'last', first_row + read_job_records.row_count - 2));
end $$;

-- Says what a run is about to apply, once its rows are counted: row_count rows, by this mapping (file
-- column → field), with notes for the dealer, from this version of the file (NULL for records, which
-- cannot change), which has these columns and was read so (import_runs.columns, options). The job row is touched only when it shows another total.
-- Rows are known by their numbers: were the file another one than that of the batches in the ledger,
-- their numbers would mean other rows, and some would never be applied. Called again after a lost
-- answer, it does the same.
-- Returns the job's status. Errors: PT404, PT409, PT410; PT412 when the file has changed.
create function public.begin_import(
  run_id uuid, row_count integer, mapping jsonb, notes text[], source_version text,
  columns text[] default null, options jsonb default '{}'
) returns text
language plpgsql security invoker set search_path = '' as $$
declare
  run public.import_runs := import_internal.hold_live_run_and_job(run_id);
  applied integer;
  before public.import_runs;
begin
  select coalesce(sum(b.last_row - b.first_row + 1), 0) into applied
  from public.import_batches b where b.job_id = run.job_id and b.zeroed = 0;
  select * into before
  from public.import_runs r
  where r.job_id = run.job_id and r.begun_at is not null
  order by r.begun_at desc
  limit 1;
  if applied > 0 and before.id is not null
    and (before.row_count, before.source_version)
        is distinct from (begin_import.row_count, begin_import.source_version)
  then
    raise sqlstate 'PT412' using message =
      'The file changed while it was being imported. Rows that were imported before stay. '
      'Please upload it again.';
  end if;

  update public.import_runs r
  set begun_at = clock_timestamp(),
      row_count = begin_import.row_count,
      mapping = begin_import.mapping,
      notes = coalesce(begin_import.notes, '{}'),
      source_version = begin_import.source_version,
      columns = begin_import.columns,
      options = coalesce(begin_import.options, '{}')
  where r.id = run.id;
  update public.scheduled_jobs j
  set progress = jsonb_build_object(
    'current', applied, 'total', begin_import.row_count,
    'percent', case when begin_import.row_count > 0
      then least(100, 100 * applied::bigint / begin_import.row_count) else 100 end)
  where j.id = run.job_id
    and j.progress -> 'total' is distinct from to_jsonb(begin_import.row_count);
  return 'processing';
end $$;

-- Says that the run lives, which extends its lease, and what to show, which may be nothing new
-- (NULL). The job row is touched only when it would change: each UPDATE reloads every open browser.
-- Returns the job's status, by which the worker learns of a cancel. Errors: PT404, PT409.
create function public.report_progress(run_id uuid, progress jsonb default null)
returns text
language plpgsql security invoker set search_path = '' as $$
declare
  run public.import_runs;
  job_status text;
begin
  -- The job first, as everywhere: a user who deletes it meanwhile locks it, then its run.
  perform from public.scheduled_jobs j
  where j.id = (select r.job_id from public.import_runs r where r.id = report_progress.run_id)
  for no key update;

  update public.import_runs r
  set lease_expires_at = now() + make_interval(secs => r.lease_seconds)
  where r.id = report_progress.run_id and r.finished_at is null
  returning * into run;
  if run.id is null then
    select * into run from public.import_runs r where r.id = report_progress.run_id;
    if run.id is null then
      raise sqlstate 'PT404' using message = 'the job of this run was deleted';
    end if;
    raise sqlstate 'PT409' using message = 'this run is over', detail = run.outcome;
  end if;

  update public.scheduled_jobs j
  set progress = report_progress.progress
  where j.id = run.job_id
    and j.status = 'processing'
    and report_progress.progress is not null
    and j.progress is distinct from report_progress.progress;
  select j.status into job_status from public.scheduled_jobs j where j.id = run.job_id;
  return job_status;
end $$;

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on function
  public.read_job_records(uuid, integer, integer),
  public.begin_import(uuid, integer, jsonb, text[], text, text[], jsonb),
  public.report_progress(uuid, jsonb)
from public, anon, authenticated;
grant execute on function
  public.read_job_records(uuid, integer, integer),
  public.begin_import(uuid, integer, jsonb, text[], text, text[], jsonb),
  public.report_progress(uuid, jsonb)
to service_role;
