-- The job protocol: every state change of a job is one function here, called by the worker through
-- PostgREST, each call one transaction.
--
-- Who may call them: service_role alone (99_internal_functions.sql, and beside each function of public).
-- They run as their caller.
-- Lock order, everywhere: the job row, then its run, then the ledger.
-- What each job or batch calls is in plpgsql, which plans a statement once a connection. A function in
-- sql, unless it becomes part of its caller, is planned at each call: 0.05 to 0.5 ms.
--
-- How a call is refused (PostgREST turns PTnnn into the HTTP status nnn):
--   PT404  the job was deleted, and its run with it
--   PT409  the run is over: its lease ran out and the job is somebody else's now
--   PT410  the job was cancelled; only finish_import has something left to do
--   PT412  the file is not the one whose rows were applied before; the message is for the dealer

-- Locks a live run for the length of this transaction and returns it.
-- KEY SHARE on both rows: batches of a run don't wait for each other nor for its progress report,
-- but a takeover, a finish and a delete wait for them, and the other way round.
-- Errors: PT404, PT409, PT410.
create function import_internal.hold_live_run(run_id uuid)
returns public.import_runs
language plpgsql security invoker set search_path = '' as $$
declare
  job_status text;
  run public.import_runs;
begin
  select j.status into job_status
  from public.scheduled_jobs j
  where j.id = (select r.job_id from public.import_runs r where r.id = hold_live_run.run_id)
  for key share;
  select * into run from public.import_runs r where r.id = hold_live_run.run_id for key share;
  if run.id is null then
    raise sqlstate 'PT404' using message = 'the job of this run was deleted';
  elsif run.finished_at is not null then
    raise sqlstate 'PT409' using message = 'this run is over', detail = run.outcome;
  elsif job_status = 'cancelled' then
    raise sqlstate 'PT410' using message = 'the job was cancelled';
  elsif job_status <> 'processing' then
    raise sqlstate 'PT409' using message = 'the job is no longer processing', detail = job_status;
  end if;
  return run;
end $$;

-- Locks a live run and, harder than hold_live_run, its job, which is about to be changed. The job comes
-- first, as everywhere. Errors: PT404, PT409, PT410.
create function import_internal.hold_live_run_and_job(run_id uuid)
returns public.import_runs
language plpgsql security invoker set search_path = '' as $$
begin
  perform from public.scheduled_jobs j
  where j.id = (select r.job_id from public.import_runs r where r.id = hold_live_run_and_job.run_id)
  for no key update;
  return import_internal.hold_live_run(run_id);
end $$;

-- Locks a run, live or over, and its job, for what ends it: the run, and the job's status.
-- Errors: PT404.
create function import_internal.lock_to_end(
  run_id uuid, out run public.import_runs, out job_status text)
language plpgsql security invoker set search_path = '' as $$
begin
  select j.status into job_status
  from public.scheduled_jobs j
  where j.id = (select r.job_id from public.import_runs r where r.id = lock_to_end.run_id)
  for update;
  select * into run from public.import_runs r where r.id = lock_to_end.run_id for update;
  if run.id is null then
    raise sqlstate 'PT404' using message = 'the job of this run was deleted';
  end if;
end $$;

-- Closes a run with what the ledger says of its job. The caller holds the run's row lock.
create function import_internal.close_run(run_id uuid, outcome text)
returns public.import_runs
language plpgsql security invoker set search_path = '' as $$
declare
  run public.import_runs;
begin
  with ledger as (
    select coalesce(sum(b.created), 0) as created, coalesce(sum(b.updated), 0) as updated,
           coalesce(sum(b.unchanged), 0) as unchanged,
           coalesce(sum(b.removed), 0) as removed, coalesce(sum(b.failed), 0) as failed,
           coalesce(sum(b.zeroed), 0) as zeroed
    from public.import_batches b
    where b.job_id = (select r.job_id from public.import_runs r where r.id = close_run.run_id)
  )
  update public.import_runs r
  set finished_at = now(),
      outcome = close_run.outcome,
      created = ledger.created,
      updated = ledger.updated,
      unchanged = ledger.unchanged,
      removed = ledger.removed,
      failed = ledger.failed,
      zeroed = ledger.zeroed,
      unprocessed = coalesce(r.row_count, 0) - least(
        coalesce(r.row_count, 0), ledger.created + ledger.updated + ledger.failed)
  from ledger
  where r.id = close_run.run_id
  returning r.* into run;
  return run;
end $$;

-- Forgets what is known of a job's batches, which nobody needs once it is over.
create function import_internal.forget_batches(job_id uuid)
returns void
language plpgsql security invoker set search_path = '' as $$
begin
  delete from public.import_batches b where b.job_id = forget_batches.job_id;
  delete from import_internal.rehearsals r where r.job_id = forget_batches.job_id;
  delete from import_internal.listed_items l where l.job_id = forget_batches.job_id;
  delete from import_internal.missing_items m where m.job_id = forget_batches.job_id;
end $$;

-- The jobs that a table of batches tells of, whose primary key begins with job_id: one look into the
-- index for each, however many rows it has.
create function import_internal.jobs_in(relation regclass)
returns setof uuid
language plpgsql stable security invoker set search_path = '' as $$
begin
  return query execute format(
    'with recursive job (id) as (
       (select t.job_id from %1$s t order by t.job_id limit 1)
       union all
       select (select t.job_id from %1$s t where t.job_id > job.id order by t.job_id limit 1)
       from job where job.id is not null)
     select id from job where id is not null', relation);
end $$;

-- What the worker is told of a run that ended.
create function import_internal.result_of(run public.import_runs)
returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return jsonb_build_object(
    'outcome', run.outcome, 'created', run.created, 'updated', run.updated,
    'unchanged', run.unchanged, 'removed', run.removed, 'failed', run.failed,
    'unprocessed', run.unprocessed, 'zeroed', run.zeroed);
end $$;
