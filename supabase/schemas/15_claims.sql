-- How a worker comes by a job.

-- Takes due jobs for a worker: opens a run for each and sets the job to processing.
--
-- Due are: pending jobs whose time has come and that wait for no retry; processing jobs whose lease
-- ran out; and processing jobs that no worker ever ran (the browser-side processor died with its
-- tab) once orphan_after_seconds have passed since their scheduled time, and since a page took them.
-- An export that a user made is due export_after_seconds later: their open page may take it first.
-- (Of workers that are told different times, the longest counts.)
-- An export counts as its organization's live run like any other.
-- At most one job an organization: its oldest, but one that killed two workers yields to the others.
-- Among organizations the one comes first that has waited longest since it was last served. Rows
-- that somebody else has locked are skipped, not waited for. A job whose fifth attempt died is
-- failed instead, and says so.
-- What it costs does not depend on how many jobs wait: it goes through the organizations that wait
-- (import_internal.waiting), the first in order first, until it has enough. When it met many that
-- wait no more, it says that it should be called again at once (next_due_in is 0).
-- held: the runs that this worker knows it has. Others in its name are given to it again, because
-- the answer to the claim that opened them was lost; a worker_id must therefore be one process's
-- alone. NULL gives nothing again.
-- kinds: what the worker can do (import_runs.kind). One of an earlier release names none: it would take
-- an export for an import without rows, and fail it. What it cannot do waits for one that can.
--
-- Returns {"jobs": [describe_claim, ...], "recent": [{"job_id", "age_seconds"}, ...] (the newest ten
-- rows inserted in the last 15 seconds, of every kind and status), "next_due_in": seconds until the
-- next job or retry is due, or null}.
-- "recent" is what Realtime should have announced: it costs one look into an index here, and a
-- worker sees by it that its subscription went deaf before a job is late, whoever claims the job.
create function public.claim_import_jobs(
  worker_id text,
  lease_seconds integer,
  max_jobs integer,
  orphan_after_seconds integer default 900,
  held uuid[] default null,
  export_after_seconds integer default 90,
  kinds text[] default '{import}'
) returns jsonb
language plpgsql security invoker set search_path = ''
-- By the indexes, whatever the statistics of an hour ago say (import_internal.next_job), and so planned
-- once a connection: to plan a claim takes longer than to make it.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
set enable_hashjoin = off set enable_mergejoin = off set enable_material = off
as $$
declare
  dead record;
  run public.import_runs;
  place import_internal.waiting;
  passed uuid[] := '{}'; -- places that we are through with
  corrected integer := 0; -- places; the rest of a thousand is left to the next claims
  found_some boolean;
  due record;
  last_served timestamptz;
  asked jsonb;
  claimed jsonb := '[]';
begin
  -- Runs whose lease ran out. The job first: everybody locks in that order. FOR UPDATE, which skips
  -- a job with a batch in flight: failing the job needs it, and would wait for that batch here.
  for dead in
    select r.id, r.job_id, r.attempt
    from public.import_runs r
    join public.scheduled_jobs j on j.id = r.job_id
    where r.finished_at is null and r.lease_expires_at < now()
    order by r.lease_expires_at
    for update of j skip locked
  loop
    perform from public.import_runs r
    where r.id = dead.id and r.finished_at is null and r.lease_expires_at < now()
    for update skip locked;
    continue when not found;
    if dead.attempt >= 5 then
      perform public.finish_import(dead.id, 'failed', import_internal.gave_up_message(dead.id));
    else
      perform import_internal.close_run(dead.id, 'lease_expired');
    end if;
  end loop;

  -- Nothing is waited for while these rows are locked, so their jobs need not be locked first.
  for run in
    update public.import_runs r
    set lease_expires_at = now() + make_interval(secs => r.lease_seconds)
    where r.worker_id = claim_import_jobs.worker_id
      and r.finished_at is null and r.id <> all (held)
    returning r.*
  loop
    claimed := claimed || import_internal.describe_claim(
      run, import_internal.asked_by(run.job_id));
  end loop;

  perform import_internal.expect_abandoned(orphan_after_seconds, export_after_seconds);

  while jsonb_array_length(claimed) < max_jobs and corrected < 100 loop
    found_some := false;
    for place in
      select w.* from import_internal.waiting w
      where w.due_at <= now() and w.id <> all (passed)
        and not exists (
          select from public.import_runs r
          where r.organization_id = w.organization_id and r.finished_at is null)
      order by w.served_at nulls first, w.due_at
      limit max_jobs - jsonb_array_length(claimed)
      for no key update skip locked
    loop
      found_some := true;
      select * into due
      from import_internal.next_job(
        place.organization_id, orphan_after_seconds, export_after_seconds);
      if due.id is null then
        passed := passed || place.id;
        if import_internal.look_later(place.id, place.organization_id, export_after_seconds) then
          corrected := corrected + 1;
        end if;
        continue;
      end if;

      -- Does it stand where it should? If not, it moves, and we look again who is first.
      select max(r.started_at) into last_served
      from public.import_runs r where r.organization_id = place.organization_id;
      if last_served > coalesce(place.served_at, '-infinity')
        or place.served_at is null and due.due_at > place.due_at
      then
        update import_internal.waiting w
        set served_at = last_served, due_at = due.due_at where w.id = place.id;
        corrected := corrected + 1;
        exit;
      end if;

      passed := passed || place.id;
      perform from public.scheduled_jobs j
      -- As it was a moment ago: a page that took the job meanwhile has made it a processing one.
      where j.id = due.id and j.status = due.status
      for no key update skip locked;
      continue when not found;
      asked := import_internal.asked_by(due.id);
      continue when asked ->> 'kind' <> all (kinds);
      run := import_internal.open_run(
        due.id, asked, claim_import_jobs.worker_id, claim_import_jobs.lease_seconds);
      continue when run.id is null;
      claimed := claimed || import_internal.describe_claim(run, asked);
      perform import_internal.served(place.id, run);
    end loop;
    exit when not found_some;
  end loop;

  -- Nothing to do: sweep. A job that was cancelled between two attempts has no run left that would
  -- prune its ledger.
  if claimed = '[]' then
    perform import_internal.forget_batches(over.id)
    from (
      select import_internal.jobs_in('public.import_batches') as id
      union
      select import_internal.jobs_in('import_internal.rehearsals')
      union
      select import_internal.jobs_in('import_internal.missing_items')
      union
      select import_internal.jobs_in('import_internal.listed_items')) as over
    join public.scheduled_jobs j on j.id = over.id
    where j.status not in ('pending', 'processing')
      and not exists (
        select from public.import_runs r where r.job_id = j.id and r.finished_at is null);
  end if;

  return jsonb_build_object(
    'jobs', claimed,
    'recent', (
      select coalesce(
        jsonb_agg(jsonb_build_object(
          'job_id', inserted.id, 'age_seconds', extract(epoch from now() - inserted.created_at))),
        '[]')
      from (
        select j.id, j.created_at
        from public.scheduled_jobs j
        where j.created_at between now() - interval '15 seconds' and now()
        order by j.created_at desc
        limit 10) as inserted),
    'next_due_in', case when corrected >= 100 then 0 else extract(epoch from least(
      (select j.scheduled_time
       from public.scheduled_jobs j
       where j.status = 'pending' and j.scheduled_time > now()
         and (j.job_type = 'import' or j.created_by is null)
       order by j.scheduled_time
       limit 1),
      (select j.scheduled_time + make_interval(secs => export_after_seconds)
       from public.scheduled_jobs j
       where j.status = 'pending' and j.job_type = 'export' and j.created_by is not null
         and j.scheduled_time > now() - make_interval(secs => export_after_seconds)
       order by j.scheduled_time
       limit 1),
      (select min(r.retry_at) from public.import_runs r where r.retry_at > now())) - now()) end);
end $$;

revoke execute on function
  public.claim_import_jobs(text, integer, integer, integer, uuid[], integer, text[])
from public, anon, authenticated;
grant execute on function
  public.claim_import_jobs(text, integer, integer, integer, uuid[], integer, text[])
to service_role;

-- What a worker may read while a run of its own ends: the job that the run's organization wants done
-- next, as asked_by says it (with all of up to 2,000 records and 8 MiB) and {"job_id", "data_type"}.
-- {}: there is none, or others wait, who come first. It takes nothing and locks nothing: who is given the
-- job, and whether it is this one, the claim says, and the job's "version" whether it is still the same.
create function public.read_ahead(run_id uuid)
returns jsonb
language plpgsql stable security invoker set search_path = ''
-- By the indexes, as in import_internal.next_job.
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
set enable_hashjoin = off set enable_mergejoin = off set enable_material = off
as $$
declare
  organization constant text := (
    select r.organization_id from public.import_runs r
    where r.id = read_ahead.run_id and r.finished_at is null);
  ahead record;
begin
  if exists (
    select from import_internal.waiting w
    where w.due_at <= now() and w.organization_id <> organization
      and not exists (
        select from public.import_runs r
        where r.organization_id = w.organization_id and r.finished_at is null))
  then
    return '{}';
  end if;

  select j.id, j.data_type into ahead
  from public.scheduled_jobs j
  where j.organization_id = organization and j.status = 'pending' and j.job_type = 'import'
    and j.scheduled_time <= now()
    -- Not one that waits for a retry, or killed somebody.
    and not exists (select from public.import_runs r where r.job_id = j.id)
  order by j.scheduled_time, j.created_at, j.id
  limit 1;
  if not found then return '{}'; end if;
  return import_internal.asked_by(ahead.id, 2000, 8388608)
    || jsonb_build_object('job_id', ahead.id, 'data_type', ahead.data_type);
end $$;

revoke execute on function public.read_ahead(uuid) from public, anon, authenticated;
grant execute on function public.read_ahead(uuid) to service_role;
