-- Short jobs, of one batch, several in one call: most of what such a job costs is calls and transactions.

-- Does for one job what begin_import, the batch's apply function and finish_import do, one after the
-- other. It does not finish where a row is refused: the worker has a file of those to write then, and
-- finishes itself. asked: one of import_short_jobs.
create function import_internal.import_short_job(asked jsonb)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  run_id constant uuid := asked ->> 'run_id';
  begun constant jsonb := nullif(asked -> 'begun', 'null');
  -- As hard as the end needs it, from the beginning: who holds a row lightly and then wants more of it
  -- waits for the others who hold it, and they for him.
  locked constant record := import_internal.lock_to_end(run_id);
  run constant public.import_runs := locked.run;
  batch jsonb;
begin
  if run.finished_at is null then
    if begun is not null then
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
      into batch
      using run_id, (asked ->> 'last_row')::integer, asked -> 'rows', asked -> 'errors';
    if batch -> 'failed' <> '0' then
      return jsonb_build_object('batch', batch, 'result', null);
    end if;
  end if;
  return jsonb_build_object(
    'batch', batch, 'result', public.finish_import(run_id, 'completed', asked ->> 'message'));
end $$;

-- Imports short jobs, each as if it had a call of its own: what is refused of one leaves the others be.
-- jobs: [{"run_id", "begun" (what begin_import is told beside the run: {"row_count", "mapping", "notes",
-- "source_version", "columns", "options"}; null: nothing), "last_row" (the batch is rows 1 to this, all
-- that the job has), "rows", "errors" (as the apply function takes them), "message" (as finish_import
-- does)}, ...]
-- Returns for each, in order, {"batch": counts (null: an earlier call ended the run), "result": as
-- finish_import (null: it is not finished)}, or {"code", "message"} of why it was refused: PT404, PT409,
-- PT410, PT412 and whatever the functions that it calls may raise. Called again after a lost answer, it
-- changes nothing.
create function public.import_short_jobs(jobs jsonb)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  asked jsonb;
  answers jsonb := '[]';
begin
  for asked in select value from jsonb_array_elements(jobs) loop
    begin
      answers := answers || import_internal.import_short_job(asked);
    exception when others then
      answers := answers || jsonb_build_object('code', sqlstate, 'message', sqlerrm);
    end;
  end loop;
  return answers;
end $$;

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on function public.import_short_jobs(jsonb) from public, anon, authenticated;
grant execute on function public.import_short_jobs(jsonb) to service_role;
