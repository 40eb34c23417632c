-- A short job, of one batch, in one call: most of what it costs is calls and transactions.

-- Does what begin_import, the batch's apply function and finish_import do, one after the other, in one
-- transaction. It does not finish where a row is refused: the worker has a file of those to write then,
-- and finishes itself.
-- begun: what begin_import is told beside the run ({"row_count", "mapping", "notes", "source_version",
--   "columns", "options"}); NULL where there is nothing to tell.
-- last_row: the batch is rows 1 to last_row, all that the job has.
-- rows, errors: as the apply function takes them. message: as finish_import takes it.
-- Called again after a lost answer, it returns the same, but for the batch of a job that is over.
-- Returns {"batch": counts (null: the job was over), "result": as finish_import (null: not finished)}.
-- Errors: PT404, PT409, PT410, PT412.
create or replace function public.import_short_job(
  run_id uuid, begun jsonb, last_row integer, rows jsonb, errors jsonb, message text default null)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  -- As hard as the end needs it, from the beginning: who holds a row lightly and then wants more of it
  -- waits for the others who hold it, and they for him.
  locked constant record := import_internal.lock_to_end(run_id);
  run constant public.import_runs := locked.run;
  batch jsonb;
begin
  if run.finished_at is null then
    if begun is not null and begun <> 'null' then
      perform public.begin_import(
        run_id, (begun ->> 'row_count')::integer, begun -> 'mapping',
        array(select jsonb_array_elements_text(begun -> 'notes')), begun ->> 'source_version',
        case when begun -> 'columns' <> 'null'
          then array(select jsonb_array_elements_text(begun -> 'columns')) end,
        begun -> 'options');
    end if;
    execute format(
        'select public.%I($1, 1, $2, $3, $4)',
        'apply_' || (select j.data_type from public.scheduled_jobs j where j.id = run.job_id) || '_batch')
      into batch using run_id, last_row, rows, errors;
    if batch -> 'failed' <> '0' then
      return jsonb_build_object('batch', batch, 'result', null);
    end if;
  end if;
  return jsonb_build_object(
    'batch', batch, 'result', public.finish_import(run_id, 'completed', message));
end $$;

revoke execute on function public.import_short_job(uuid, jsonb, integer, jsonb, jsonb, text)
from public, anon, authenticated;
grant execute on function public.import_short_job(uuid, jsonb, integer, jsonb, jsonb, text)
to service_role;

notify pgrst, 'reload schema';
