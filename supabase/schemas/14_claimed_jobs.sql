-- What a job asks for, and what a worker that claimed it is told of it.

-- An object in file_data that a worker is told of, NULL if there is none. The browser writes it: what
-- is over 1 MiB is nobody's mapping, and comes empty instead of stopping everybody's claims.
create function import_internal.small_object(file_data jsonb, key text)
returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return (
    select case when octet_length(given::text) > 1048576 then '{}' else given end
    from (select file_data -> key as given) as of_key
    where jsonb_typeof(given) = 'object');
end $$;

-- What a job asks for: import_runs.kind.
create function import_internal.kind_of(job_type text, file_data jsonb)
returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case
    when job_type = 'export' then 'export'
    when file_data ? 'undo' then 'undo'
    when file_data -> 'options' -> 'preview' = 'true' then 'preview'
    else 'import' end;
end $$;

-- What a job asks for: {"version" (another one as soon as anything in the job's row is), "kind",
-- "row_count" (null: the job has no records), "records" (all of them if there are no more than most_rows
-- and most_bytes, which saves a call for them; else null), "mapping", "source", "options" (an export's
-- export_options), "dry_run", "mode"}. The one place that decompresses file_data for a claim, and once.
create function import_internal.asked_by(
  job_id uuid, most_rows integer default 100, most_bytes integer default 65536)
returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
begin
  return (
    select jsonb_build_object(
      'version', j.xmin::text,
      'kind', import_internal.kind_of(j.job_type, given.rest),
      'row_count', coalesce(
        case when jsonb_typeof(given.records) = 'array'
          then jsonb_array_length(given.records) end,
        import_internal.shared_row_count(j.id)),
      'records', case when jsonb_typeof(given.records) = 'array'
        and pg_column_size(given.records) <= most_bytes
        and jsonb_array_length(given.records) <= most_rows
        then given.records end,
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
-- no records), "version" (of its row as it was before the claim), "records" (of a small job; null: they
-- are to be read), "mapping" (file column → field; null: there is none), "source" (where the file lies;
-- null: there is none), "options" (an object: an export's export_options), "dry_run", "guards" (an
-- object: what the rows are judged by before they are written; empty: by nothing),
-- "may_switch_off_guards", "applied": [[first_row, last_row], ...] (what the ledger holds of the file
-- from earlier attempts), "lease_seconds", "age_seconds" (since the row was inserted),
-- "waited_seconds" (since its time came, or since it was inserted if that was later), "took_over" (the
-- run before this one died)}.
-- asked: what asked_by says of the job.
create function import_internal.describe_claim(run public.import_runs, asked jsonb)
returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
begin
  return (
    select jsonb_build_object(
      'run_id', run.id, 'job_id', j.id, 'organization_id', j.organization_id,
      'data_type', j.data_type, 'kind', run.kind, 'file_name', j.file_name, 'attempt', run.attempt,
      'row_count', run.row_count, 'version', asked -> 'version', 'records', asked -> 'records',
      'mapping', asked -> 'mapping', 'source', asked -> 'source', 'options', asked -> 'options',
      'dry_run', run.dry_run,
      'guards', coalesce(case when not run.dry_run then run.guards end, '{}'),
      'may_switch_off_guards', import_internal.is_admins_or_operators(
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
create function import_internal.open_run(
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
