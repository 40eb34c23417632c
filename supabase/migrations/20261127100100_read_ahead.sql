-- Reading ahead: what a job asks for, its records with it, before the claim brings it.

drop function if exists import_internal.asked_by(uuid);

-- What a job asks for: {"version" (another one as soon as anything in the job's row is), "kind",
-- "row_count" (null: the job has no records), "records" (all of them if there are no more than most_rows
-- and most_bytes, which saves a call for them; else null), "mapping", "source", "options" (an export's
-- export_options), "dry_run", "mode"}. The one place that decompresses file_data for a claim, and once.
create or replace function import_internal.asked_by(
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
create or replace function import_internal.describe_claim(run public.import_runs, asked jsonb)
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

-- What a worker may read while a run of its own ends: the job that the run's organization wants done
-- next, as asked_by says it (with all of up to 2,000 records and 8 MiB) and {"job_id", "data_type"}.
-- {}: there is none, or others wait, who come first. It takes nothing and locks nothing: who is given the
-- job, and whether it is this one, the claim says, and the job's "version" whether it is still the same.
create or replace function public.read_ahead(run_id uuid)
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

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on all functions in schema import_internal from public, anon, authenticated;
grant execute on all functions in schema import_internal to service_role;

revoke execute on function public.read_ahead(uuid) from public, anon, authenticated;
grant execute on function public.read_ahead(uuid) to service_role;

notify pgrst, 'reload schema';
