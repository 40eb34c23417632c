-- What is left of runs that were pruned: sums a day. Of younger days, import_runs has the runs
-- themselves; a run is in one of the two, never in both.
create table public.import_daily (
  organization_id text not null references public.organizations (id) on delete cascade,
  day date not null, -- on which the runs ended, in UTC
  data_type text not null,
  -- As import_runs.kind, and 'rehearsal', whose rows are what would have been written.
  kind text not null,
  jobs integer not null default 0, -- that ended; a job's earlier attempts count in seconds only
  failed_jobs integer not null default 0, -- part of jobs
  created bigint not null default 0,
  updated bigint not null default 0,
  unchanged bigint not null default 0, -- part of updated
  failed bigint not null default 0,
  seconds numeric not null default 0, -- that runs took, all attempts together
  primary key (organization_id, day, data_type, kind)
);

-- Who may do what: ../policies/import_daily.sql.
-- import_daily: users see how much their organization imported. Only the worker's functions write.
alter table public.import_daily enable row level security;

revoke all on public.import_daily from public, anon, authenticated;
grant select on public.import_daily to authenticated;
grant select, insert, update, delete on public.import_daily to service_role;

create policy import_daily_select_own_organization on public.import_daily
  for select to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));

-- What import_daily calls a run.
create function import_internal.daily_kind(run public.import_runs)
returns text
language sql immutable security invoker set search_path = '' as $$
  select case when run.dry_run then 'rehearsal' else run.kind end;
$$;

-- Removes runs that are too old and adds them to the sums, in one statement: import_internal.prune_*.
create function import_internal.prune_runs(after jsonb, most integer, dry_run boolean)
returns jsonb
language plpgsql security invoker set search_path = ''
set enable_seqscan = off set enable_sort = off
as $$
declare
  answer jsonb;
begin
  with looked as materialized (
    select r.id, r.finished_at, r.job_id
    from public.import_runs r
    where r.finished_at < import_internal.kept_since('runs_days')
      and (r.finished_at, r.id) > (
        coalesce((prune_runs.after ->> 'at')::timestamptz, '-infinity'),
        coalesce((prune_runs.after ->> 'id')::uuid, '00000000-0000-0000-0000-000000000000'))
    order by r.finished_at, r.id
    limit prune_runs.most
  ),
  old as materialized (
    select looked.id from looked where import_internal.over_since(looked.job_id) is not null
  ),
  gone as (
    delete from public.import_runs r
    using old
    where r.id = old.id and not prune_runs.dry_run
    returning r.*
  ),
  summed as (
    insert into public.import_daily as d
      (organization_id, day, data_type, kind, jobs, failed_jobs, created, updated, unchanged, failed, seconds)
    select gone.organization_id, (gone.finished_at at time zone 'UTC')::date, j.data_type,
           import_internal.daily_kind(row(gone.*)::public.import_runs),
           count(*) filter (where last.is_it),
           count(*) filter (where gone.outcome = 'failed'),
           coalesce(sum(gone.created) filter (where last.is_it), 0),
           coalesce(sum(gone.updated) filter (where last.is_it), 0),
           coalesce(sum(gone.unchanged) filter (where last.is_it), 0),
           coalesce(sum(gone.failed) filter (where last.is_it), 0),
           sum(greatest(extract(epoch from gone.finished_at - gone.started_at), 0))
    from gone
    join public.scheduled_jobs j on j.id = gone.job_id
    -- The others' counts are in the last one's: it has those of all its attempts.
    cross join lateral (
      select gone.outcome in ('completed', 'failed', 'cancelled') as is_it) as last
    group by 1, 2, 3, 4
    on conflict (organization_id, day, data_type, kind) do update
    set jobs = d.jobs + excluded.jobs,
        failed_jobs = d.failed_jobs + excluded.failed_jobs,
        created = d.created + excluded.created,
        updated = d.updated + excluded.updated,
        unchanged = d.unchanged + excluded.unchanged,
        failed = d.failed + excluded.failed,
        seconds = d.seconds + excluded.seconds
  )
  select jsonb_build_object(
    'removed', (select count(*) from old),
    'next', case when count(*) = prune_runs.most then
      (select jsonb_build_object('at', l.finished_at, 'id', l.id)
       from looked l order by l.finished_at desc, l.id desc limit 1) end)
  into answer
  from looked;
  return answer;
end $$;
