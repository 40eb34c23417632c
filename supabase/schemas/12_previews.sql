-- How a preview ends (import_runs.kind): it has written nothing, and says how rows would be read.

-- Ends a preview's run and its job: the job is completed, with record_count 0 and no error; the run
-- keeps what was found, for the organization to read (docs/PREVIEW.md has the keys).
-- notes: as begin_import has them. What the mapping would be is in preview, not in import_runs.mapping,
-- which is what rows were imported by.
-- A job that a user cancelled stays as the user left it, and keeps nothing. Called again after a lost
-- answer, it returns the same. A repeating job goes on repeating. A preview that cannot be made ends by
-- finish_import, as failed.
-- Returns what finish_import does. Errors: PT404, PT409; 22023 when the run is no preview.
create function public.finish_preview(run_id uuid, preview jsonb, notes text[])
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  locked record := import_internal.lock_to_end(run_id);
  job_status constant text := locked.job_status;
  run public.import_runs := locked.run;
  looked_at jsonb := coalesce(finish_preview.preview -> 'rows_looked_at', '0');
begin
  if run.kind <> 'preview' then
    raise invalid_parameter_value using message = format('a run of kind %L is no preview', run.kind);
  elsif job_status = 'cancelled' then
    return public.finish_import(run.id, 'cancelled');
  elsif run.finished_at is not null and run.outcome <> 'completed' then
    raise sqlstate 'PT409' using message = 'this run is over', detail = run.outcome;
  end if;

  if run.finished_at is null then
    run := import_internal.close_run(run.id, 'completed');
    update public.import_runs r
    set preview = finish_preview.preview, notes = coalesce(finish_preview.notes, '{}')
    where r.id = run.id;
    update public.scheduled_jobs j
    set status = 'completed',
        completed_at = coalesce(j.completed_at, now()),
        record_count = 0,
        error_message = null,
        progress = jsonb_build_object('current', looked_at, 'total', looked_at, 'percent', 100)
    where j.id = run.job_id;
    perform import_internal.schedule_next_occurrence(run.job_id);
  end if;

  return import_internal.result_of(run);
end $$;

-- New functions are everybody's by default. This one is the worker's alone.
revoke execute on function public.finish_preview(uuid, jsonb, text[])
from public, anon, authenticated;
grant execute on function public.finish_preview(uuid, jsonb, text[]) to service_role;
