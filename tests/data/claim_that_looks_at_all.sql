-- The claim as it was before it went by import_internal.waiting: it looks at every pending job, and so
-- is easy to believe. tests/integration/test_waiting.py holds the present one to it.
create or replace function pg_temp.claim_import_jobs(
  worker_id text,
  lease_seconds integer,
  max_jobs integer,
  orphan_after_seconds integer default 900,
  held uuid[] default null,
  export_after_seconds integer default 90
) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  dead record;
  due record;
  run public.import_runs;
  guards jsonb;
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

  for due in
    with candidate as (
      select distinct on (j.organization_id) j.id, j.organization_id, j.status,
             j.scheduled_time + case
               when j.status = 'pending' and j.job_type = 'export' and j.created_by is not null
               then make_interval(secs => export_after_seconds) else '0' end as due_at
      from public.scheduled_jobs j
      where (
          (j.status = 'pending' and j.scheduled_time <= now()
           and (j.job_type = 'import' or j.created_by is null
                or j.scheduled_time <= now() - make_interval(secs => export_after_seconds))
           and not exists (
             select from public.import_runs r where r.job_id = j.id and r.retry_at > now()))
          or (j.status = 'processing'
              and (greatest(j.scheduled_time, j.started_at)
                     <= now() - make_interval(secs => orphan_after_seconds)
                   or exists (select from public.import_runs r where r.job_id = j.id))))
        and not exists (
          select from public.import_runs r
          where r.organization_id = j.organization_id and r.finished_at is null)
      order by
        j.organization_id,
        (select count(*) from public.import_runs r
         where r.job_id = j.id and r.outcome = 'lease_expired') >= 2,
        j.scheduled_time, j.created_at, j.id
    )
    select j.id, j.organization_id,
           (select case when jsonb_typeof(given.records) = 'array'
                     then jsonb_array_length(given.records) end
            -- Decompressed once; and here, where the sort does not carry it along.
            from (select j.file_data -> 'records' as records offset 0) as given) as row_count,
           j.file_data -> 'options' as options,
           import_internal.kind_of(j.job_type, j.file_data) as kind
    from candidate c
    -- As it was a moment ago: a page that took the job meanwhile has made it a processing one.
    join public.scheduled_jobs j on j.id = c.id and j.status = c.status
    order by (select max(r.started_at) from public.import_runs r
              where r.organization_id = c.organization_id) nulls first,
             c.due_at
    limit greatest(max_jobs - jsonb_array_length(claimed), 0)
    for no key update of j skip locked
  loop
    guards := import_internal.begin_guards(due.id, due.kind, due.options);
    insert into public.import_runs
      (job_id, organization_id, attempt, worker_id, lease_seconds, lease_expires_at, row_count,
       kind, dry_run, guards, mode)
    values (
      due.id, due.organization_id,
      1 + (select count(*) from public.import_runs r
           where r.job_id = due.id and r.outcome in ('lease_expired', 'retried')),
      claim_import_jobs.worker_id, claim_import_jobs.lease_seconds,
      now() + make_interval(secs => claim_import_jobs.lease_seconds), due.row_count,
      due.kind, coalesce(due.options -> 'dry_run' = 'true', false), guards,
      -- The worker refuses a job with any other mode.
      case when due.options ->> 'mode' in ('update', 'create')
        then due.options ->> 'mode' else 'upsert' end)
    -- Another worker was a moment faster with another job of this organization.
    on conflict (organization_id) where finished_at is null do nothing
    returning * into run;
    continue when not found;

    update public.scheduled_jobs j
    set status = 'processing',
        started_at = coalesce(j.started_at, now()),
        progress = coalesce(j.progress, jsonb_build_object(
          'current', 0, 'total', coalesce(due.row_count, 0), 'percent', 0))
    where j.id = due.id;

    claimed := claimed || import_internal.describe_claim(
      run, import_internal.asked_by(run.job_id));
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
    'next_due_in', extract(epoch from least(
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
      (select min(r.retry_at) from public.import_runs r where r.retry_at > now())) - now()));
end $$;
