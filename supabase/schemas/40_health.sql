-- How the service does, for its operator: `python -m worker doctor`, the metrics, and whoever asks
-- in SQL. Nothing here writes.

-- What unfinished jobs wait for: the named one, or, without a name, those that are due and that no
-- run of ours has, the oldest first. reason is
--   'schedule'      its time has not come (until)
--   'retry'         the last run gave it back after trouble (until)
--   'page'          an export that its creator's open page may run: one that is due since 90 seconds, or
--                   that a page took in the last 15 minutes (the settings' defaults)
--   'organization'  another job of the organization is being imported (run_id, other_job_id)
--   'lease'         the worker of the run that holds it, or its organization, is gone; others take
--                   over when the lease runs out (run_id, until)
--   'worker'        no worker is alive
--   'capacity'      every worker has as many jobs as it takes
--   'adoption'      a browser set it to processing; a worker adopts it later
--   'claim'         nothing: the next look of a worker takes it
--   'run'           nothing: it is being imported (run_id, worker_id)
create function import_internal.waits(job_id uuid, most integer)
returns table (
  waiting_job_id uuid, organization_id text, file_name text, seconds double precision, reason text,
  until timestamptz, run_id uuid, other_job_id uuid, worker_id text)
language sql stable security invoker set search_path = '' as $$
  with service as (
    select coalesce(bool_or(w.alive_until > now()), false) as is_alive,
           coalesce(sum(w.concurrency - w.runs) filter (where w.alive_until > now()), 0) as room
    from public.import_workers w
  )
  select j.id, j.organization_id, j.file_name,
         extract(epoch from now() - greatest(j.scheduled_time, j.created_at))::double precision,
         why.reason,
         case why.reason when 'schedule' then j.scheduled_time when 'retry' then retry.at
           when 'lease' then live.lease_expires_at end,
         live.id, nullif(live.job_id, j.id), live.worker_id
  from public.scheduled_jobs j
  cross join service
  left join lateral (
    select max(r.retry_at) as at from public.import_runs r
    where r.job_id = j.id and r.retry_at > now()) as retry on true
  left join lateral (
    select r.*, coalesce(w.alive_until < now(), false) or r.lease_expires_at < now() as is_dead
    from public.import_runs r
    left join public.import_workers w on w.id = r.worker_id
    where r.organization_id = j.organization_id and r.finished_at is null
    limit 1) as live on true
  cross join lateral (
    select case
      when j.status = 'pending' and j.scheduled_time > now() then 'schedule'
      when j.status = 'pending' and retry.at is not null then 'retry'
      when j.job_type = 'export' and j.created_by is not null
        and (j.status = 'pending' and j.scheduled_time > now() - interval '90 seconds'
             or j.status = 'processing'
                and greatest(j.scheduled_time, j.started_at) > now() - interval '15 minutes'
                and not exists (select from public.import_runs r where r.job_id = j.id))
        then 'page'
      when live.is_dead then 'lease'
      when live.job_id = j.id then 'run'
      when live.id is not null then 'organization'
      when not service.is_alive then 'worker'
      when j.status = 'processing'
        and not exists (select from public.import_runs r where r.job_id = j.id) then 'adoption'
      when service.room <= 0 then 'capacity'
      else 'claim' end as reason) as why
  where j.job_type in ('import', 'export')
    and case
      when waits.job_id is not null then j.id = waits.job_id and j.status in ('pending', 'processing')
      else j.status = 'pending' and j.scheduled_time <= now()
        or j.status = 'processing' and live.job_id is distinct from j.id end
  order by j.scheduled_time, j.created_at
  limit most;
$$;

-- What one job waits for, as import_internal.waits has it; NULL when it is over.
create function public.import_waits(job_id uuid)
returns jsonb
language sql stable security invoker set search_path = '' as $$
  select to_jsonb(w) from import_internal.waits(import_waits.job_id, 1) w;
$$;

-- The queue in numbers: jobs by state (an export is due when it is no longer left to its creator's
-- page, 90 seconds after its time), seconds that the oldest due one has waited (null: none is due), and
-- how many workers are alive. Finished jobs are not counted: that would read them all.
create function public.import_queue()
returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object(
    'scheduled', count(*) filter (where j.status = 'pending' and not j.is_due),
    'retrying', count(*) filter (where j.is_due and j.is_retrying),
    'due', count(*) filter (where j.is_due and not j.is_retrying),
    'processing', count(*) filter (where j.status = 'processing'),
    'oldest_due_seconds', extract(epoch from
      now() - min(greatest(j.scheduled_time, j.created_at)) filter (where j.is_due)),
    'workers', (select count(*) from public.import_workers w where w.alive_until > now()))
  from (
    select p.status, p.scheduled_time, p.created_at,
           p.status = 'pending' and p.scheduled_time
             + import_internal.left_to_page(p.job_type, p.created_by, 90) <= now() as is_due,
           exists (select from public.import_runs r where r.job_id = p.id and r.retry_at > now())
             as is_retrying
    from public.scheduled_jobs p
    where p.job_type in ('import', 'export') and p.status in ('pending', 'processing')
  ) as j;
$$;

-- Foreign keys to inventory that no index serves: deleting an item, or moving a duplicate, reads the
-- whole table that refers to it.
create function import_internal.unindexed_references()
returns table (referencing_table text, columns text)
language sql stable security invoker set search_path = '' as $$
  select c.conrelid::regclass::text, string_agg(format('%I', a.attname), ', ' order by k.place)
  from pg_catalog.pg_constraint c
  cross join unnest(c.conkey) with ordinality as k (attnum, place)
  join pg_catalog.pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum
  where c.contype = 'f' and c.confrelid = 'public.inventory'::regclass and c.conparentid = 0
    and not exists (
      select from pg_catalog.pg_index i
      where i.indrelid = c.conrelid and i.indisvalid and i.indpred is null
        and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey)
  group by c.oid, c.conrelid;
$$;

-- Everything that doctor's checks judge, but for the schema; what each part means stands beside it.
create function public.import_health()
returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object(
    -- To be compared with the asker's clock.
    'now', extract(epoch from clock_timestamp()),
    -- Milliseconds, 0 for none, as this very call has them.
    'timeouts', (
      select jsonb_object_agg(s.name, s.setting::integer)
      from pg_catalog.pg_settings s where s.name in ('statement_timeout', 'lock_timeout')),
    'publication', (
      select jsonb_build_object(
        'insert', p.pubinsert, 'update', p.pubupdate,
        'table', exists (
          select from pg_catalog.pg_publication_tables t
          where t.pubname = p.pubname and t.schemaname = 'public'
            and t.tablename = 'scheduled_jobs'))
      from pg_catalog.pg_publication p where p.pubname = 'supabase_realtime'),
    'workers', (
      select coalesce(jsonb_agg(to_jsonb(w) || jsonb_build_object(
          'is_alive', w.alive_until > now(),
          'silent_seconds', extract(epoch from now() - w.last_seen_at),
          'age_seconds', extract(epoch from now() - w.started_at))
        order by w.last_seen_at desc), '[]')
      from public.import_workers w),
    'waits', (select coalesce(jsonb_agg(to_jsonb(w)), '[]') from import_internal.waits(null, 50) w),
    -- Runs whose lease ran out and that nobody took over.
    'silent_runs', (
      select coalesce(jsonb_agg(jsonb_build_object(
          'run_id', r.id, 'job_id', r.job_id, 'worker_id', r.worker_id,
          'seconds', extract(epoch from now() - r.lease_expires_at))), '[]')
      from public.import_runs r where r.finished_at is null and r.lease_expires_at < now()),
    -- Jobs whose runs died twice or more, unfinished or ended in the last day.
    'dying_jobs', (
      select coalesce(jsonb_agg(to_jsonb(d)), '[]')
      from (
        select r.job_id, j.status, j.file_name, count(*) as deaths
        from public.import_runs r join public.scheduled_jobs j on j.id = r.job_id
        where r.outcome = 'lease_expired'
          and (j.status in ('pending', 'processing') or j.completed_at > now() - interval '1 day')
        group by r.job_id, j.status, j.file_name
        having count(*) >= 2
        order by count(*) desc limit 20) as d),
    -- Who wrote much into a table by hand while a run of ours imported into it.
    'browser_writes', (
      select coalesce(jsonb_agg(to_jsonb(b)), '[]')
      from (
        select w.user_id, max(w.organization_id) as organization_id, sum(w.statements) as statements
        from import_internal.browser_writes w
        where w.last_at > now() - interval '1 day'
        group by w.user_id
        having max(w.statements) >= 20
        order by sum(w.statements) desc limit 20) as b),
    'unindexed_references', (
      select coalesce(jsonb_agg(to_jsonb(u)), '[]') from import_internal.unindexed_references() u),
    'duplicates', (
      select count(*) from public.inventory_duplicates d where d.merged_at is null),
    -- Where a probe disturbs nobody, if there is such an organization; else the first.
    'probe_organization', (
      select o.id from public.organizations o
      order by exists (select from public.profiles p where p.organization_id = o.id), o.id limit 1));
$$;

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on function public.import_waits(uuid), public.import_queue(), public.import_health()
from public, anon, authenticated;
grant execute on function public.import_waits(uuid), public.import_queue(), public.import_health()
to service_role;
