-- What operators do to jobs from a terminal, with a record of it.

create table public.import_operations (
  id uuid primary key default gen_random_uuid(),
  at timestamptz not null default now(),
  operator text not null, -- as they call themselves: the secret key is everybody's who has it
  action text not null,
  job_id uuid not null, -- no foreign key: the record outlives the job
  organization_id text not null,
  status_before text not null,
  status_after text not null,
  constraint import_operations_known_action check (action in ('cancel', 'retry', 'release')),
  constraint import_operations_named_operator check (btrim(operator) <> '')
);
create index import_operations_job_idx on public.import_operations (job_id);

-- Who may do what: ../policies/import_operations.sql.
-- import_operations: what operators did to jobs, and when. Written by operate_import and by nobody
-- else, so nobody changes or removes a line; users have nothing to look for here.
alter table public.import_operations enable row level security;

revoke all on public.import_operations from public, anon, authenticated, service_role;
grant select, insert on public.import_operations to service_role;

-- Does one thing to a job and records it, both or neither. Returns the job's status.
--   'cancel'   an unfinished job ends; what landed stays
--   'retry'    a failed or cancelled job begins anew; one that waits for another try does not wait
--   'release'  a job that is being processed goes back to the queue; its run, if it lives, can write
--              nothing more, and the next one goes on where it stopped
-- Errors: PT404 there is no such job; PT409 it is not in a state for that. Both say so in words.
create function public.operate_import(job_id uuid, action text, operator text)
returns text
language plpgsql security invoker set search_path = '' as $$
declare
  job public.scheduled_jobs;
  live_run uuid;
  status_after text := 'pending';
begin
  select * into job from public.scheduled_jobs j where j.id = operate_import.job_id for update;
  if job.id is null then
    raise sqlstate 'PT404' using message = 'There is no such job.';
  elsif job.job_type not in ('import', 'export') then
    raise sqlstate 'PT409' using message = 'This job is neither an import nor an export.';
  end if;
  select r.id into live_run from public.import_runs r
  where r.job_id = job.id and r.finished_at is null for update;

  if action = 'cancel' then
    if job.status not in ('pending', 'processing') then
      raise sqlstate 'PT409' using message = 'The job is over: it is ' || job.status || '.';
    end if;
    status_after := 'cancelled';
    update public.scheduled_jobs j set status = 'cancelled', completed_at = now()
    where j.id = job.id;

  elsif action = 'release' then
    if job.status <> 'processing' then
      raise sqlstate 'PT409' using message =
        'The job is not being processed: it is ' || job.status || '.';
    end if;
    if live_run is not null then
      perform import_internal.close_run(live_run, 'released');
    end if;
    update public.scheduled_jobs j set status = 'pending' where j.id = job.id;

  elsif action = 'retry' and job.status = 'pending' then
    update public.import_runs r set retry_at = now() where r.job_id = job.id and r.retry_at > now();
    if not found then
      raise sqlstate 'PT409' using message = 'The job is pending, and waits for no other try.';
    end if;

  elsif action = 'retry' then
    if job.status not in ('failed', 'cancelled') then
      raise sqlstate 'PT409' using message =
        'Only failed and cancelled jobs can be tried again: this one is ' || job.status || '.';
    elsif live_run is not null then
      raise sqlstate 'PT409' using message =
        'The last run of this job is still ending. Try again in a minute.';
    elsif job.data_type = 'bids' and exists (
      select from public.import_runs r where r.job_id = job.id and r.created > 0 and not r.dry_run)
    then
      raise sqlstate 'PT409' using message =
        'Bids of this job are in already, and would be inserted twice. Upload the rest as a new file.';
    end if;
    -- As if nobody had tried: else its old refusals would stand beside the new ones.
    delete from public.import_errors e where e.job_id = job.id;
    perform import_internal.forget_batches(job.id);
    update public.scheduled_jobs j
    set status = 'pending', scheduled_time = now(), completed_at = null, started_at = null,
        error_message = null, record_count = null, progress = null
    where j.id = job.id;

  else
    raise invalid_parameter_value using message = format('unknown action %L', action);
  end if;

  insert into public.import_operations
    (operator, action, job_id, organization_id, status_before, status_after)
  values (operate_import.operator, operate_import.action, job.id, job.organization_id, job.status,
          status_after);
  return status_after;
end $$;

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on function public.operate_import(uuid, text, text)
from public, anon, authenticated;
grant execute on function public.operate_import(uuid, text, text) to service_role;
