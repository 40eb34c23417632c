-- How a worker comes by a job.

-- An object in file_data that a worker is told of, NULL if there is none. The browser writes it: what
-- is over 1 MiB is nobody's mapping, and comes empty instead of stopping everybody's claims.
create or replace function import_internal.small_object(file_data jsonb, key text)
returns jsonb
language sql immutable security invoker set search_path = '' as $$
  select case when octet_length(given::text) > 1048576 then '{}' else given end
  from (select file_data -> key as given) as of_key
  where jsonb_typeof(given) = 'object';
$$;

-- What a job asks for: import_runs.kind.
create or replace function import_internal.kind_of(job_type text, file_data jsonb)
returns text
language sql immutable security invoker set search_path = '' as $$
  select case
    when job_type = 'export' then 'export'
    when file_data ? 'undo' then 'undo'
    when file_data -> 'options' -> 'preview' = 'true' then 'preview'
    else 'import' end;
$$;

-- What a job asks for beside its rows: {"kind", "row_count" (null: the job has no records),
-- "mapping", "source", "options" (an export's export_options), "dry_run", "mode"}. The one place that
-- decompresses file_data for a claim, and once.
create or replace function import_internal.asked_by(job_id uuid)
returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
begin
  return (
    select jsonb_build_object(
      'kind', import_internal.kind_of(j.job_type, given.rest),
      'row_count', coalesce(
        case when jsonb_typeof(given.records) = 'array'
          then jsonb_array_length(given.records) end,
        import_internal.shared_row_count(j.id)),
      'mapping', import_internal.small_object(given.rest, 'mapping'),
      'source', import_internal.small_object(given.rest, 'source'),
      'options', coalesce(
        import_internal.small_object(
          given.rest, case j.job_type when 'export' then 'export_options' else 'options' end),
        '{}'),
      'dry_run', coalesce(given.rest -> 'options' -> 'dry_run' = 'true', false),
      -- The worker refuses a job with any other mode.
      'mode', case when given.rest -> 'options' ->> 'mode' in ('update', 'create')
        then given.rest -> 'options' ->> 'mode' else 'upsert' end)
    from public.scheduled_jobs j
    -- The path to the whole gives it decompressed, and OFFSET 0 keeps it so for what stands outside.
    cross join lateral (select j.file_data #> '{}' as file_data offset 0) as whole
    cross join lateral (
      select whole.file_data -> 'records' as records,
             case when jsonb_typeof(whole.file_data) = 'object'
               then whole.file_data - 'records' end as rest
      offset 0) as given
    where j.id = asked_by.job_id);
end $$;

-- What a worker is told of a job that it claimed: {"run_id", "job_id", "organization_id",
-- "data_type", "kind" (of import_runs), "file_name", "attempt", "row_count" (null: the job has
-- no records), "mapping" (file column → field; null: there is none), "source" (where the file lies;
-- null: there is none), "options" (an object: an export's export_options), "dry_run", "guards" (an
-- object: what the rows are judged by before they are written; empty: by nothing),
-- "may_switch_off_guards", "applied": [[first_row, last_row], ...] (what the ledger holds of the file
-- from earlier attempts), "lease_seconds", "age_seconds" (since the row was inserted),
-- "waited_seconds" (since its time came, or since it was inserted if that was later), "took_over" (the
-- run before this one died)}. Never the records.
-- asked: what asked_by says of the job.
create or replace function import_internal.describe_claim(run public.import_runs, asked jsonb)
returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
begin
  return (
    select jsonb_build_object(
      'run_id', run.id, 'job_id', j.id, 'organization_id', j.organization_id,
      'data_type', j.data_type, 'kind', run.kind, 'file_name', j.file_name, 'attempt', run.attempt,
      'row_count', run.row_count,
      'mapping', asked -> 'mapping', 'source', asked -> 'source', 'options', asked -> 'options',
      'dry_run', run.dry_run,
      'guards', coalesce(case when not run.dry_run then run.guards end, '{}'),
      'may_switch_off_guards', import_internal.may_switch_off_guards(
        j.created_by, j.organization_id),
      'lease_seconds', run.lease_seconds,
      'age_seconds', extract(epoch from now() - j.created_at),
      'waited_seconds', extract(epoch from now() - greatest(j.scheduled_time, j.created_at)),
      'took_over', coalesce((
        select before.outcome = 'lease_expired' from public.import_runs before
        where before.job_id = run.job_id and before.id <> run.id
        order by before.started_at desc limit 1), false),
      'applied', (
        select coalesce(jsonb_agg(jsonb_build_array(b.first_row, b.last_row) order by b.first_row),
                        '[]')
        from public.import_batches b where b.job_id = j.id and b.zeroed = 0))
    from public.scheduled_jobs j
    where j.id = run.job_id);
end $$;

-- Opens a run for a job that is due, whose row the caller has locked, and sets it to processing. NULL
-- when another worker was a moment faster with another job of the organization.
-- asked: what asked_by says of the job.
create or replace function import_internal.open_run(
  job_id uuid, asked jsonb, worker_id text, lease_seconds integer)
returns public.import_runs
language plpgsql security invoker set search_path = '' as $$
declare
  guards constant jsonb := import_internal.begin_guards(
    job_id, asked ->> 'kind', asked -> 'options');
  run public.import_runs;
begin
  insert into public.import_runs
    (job_id, organization_id, attempt, worker_id, lease_seconds, lease_expires_at, started_at,
     row_count, kind, dry_run, guards, mode)
  select
    j.id, j.organization_id,
    1 + (select count(*) from public.import_runs r
         where r.job_id = j.id and r.outcome in ('lease_expired', 'retried')),
    open_run.worker_id, open_run.lease_seconds,
    now() + make_interval(secs => open_run.lease_seconds),
    clock_timestamp(), -- of two organizations served in one claim, too, one was served first
    (asked ->> 'row_count')::integer, asked ->> 'kind',
    (asked ->> 'dry_run')::boolean, guards, asked ->> 'mode'
  from public.scheduled_jobs j
  where j.id = open_run.job_id
  on conflict (organization_id) where finished_at is null do nothing
  returning * into run;
  if not found then return null; end if;

  update public.scheduled_jobs j
  set status = 'processing',
      started_at = coalesce(j.started_at, now()),
      progress = coalesce(j.progress, jsonb_build_object(
        'current', 0, 'total', coalesce(run.row_count, 0), 'percent', 0))
  where j.id = run.job_id;
  return run;
end $$;

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
--
-- Returns {"jobs": [describe_claim, ...], "recent": [{"job_id", "age_seconds"}, ...] (the newest ten
-- rows inserted in the last 15 seconds, of every kind and status), "next_due_in": seconds until the
-- next job or retry is due, or null}.
-- "recent" is what Realtime should have announced: it costs one look into an index here, and a
-- worker sees by it that its subscription went deaf before a job is late, whoever claims the job.
create or replace function public.claim_import_jobs(
  worker_id text,
  lease_seconds integer,
  max_jobs integer,
  orphan_after_seconds integer default 900,
  held uuid[] default null,
  export_after_seconds integer default 90
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

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on all functions in schema import_internal from public, anon, authenticated;
grant execute on all functions in schema import_internal to service_role;

revoke execute on function
  public.claim_import_jobs(text, integer, integer, integer, uuid[], integer)
from public, anon, authenticated;
grant execute on function
  public.claim_import_jobs(text, integer, integer, integer, uuid[], integer)
to service_role;

notify pgrst, 'reload schema';
