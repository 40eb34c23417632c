-- Analytics: how imports, exports and undos went, by day and in sum. For the admins of an organization,
-- of their own; for operators (service_role), of all. What the page, `python -m worker report` and
-- `python -m worker stats` show comes from here and from *_recurring_trouble.sql, and from nowhere else.

-- Of which organizations the caller sees figures: the one that they are an admin of (whom import_guards'
-- policies call so); an operator, all. Everybody else: none. Everything below looks here.
create view public.import_analysts with (security_invoker = true) as
select p.organization_id
from public.profiles p
where current_user = 'authenticated'
  and p.id = (select auth.uid()) and p.role in ('admin', 'super_admin')
union all
select o.id from public.organizations o where current_user <> 'authenticated';

-- A run a line, once it is over, as figures need it. Previews and rehearsals are kinds of their own:
-- what they count is not in the tables. The policies of import_runs and scheduled_jobs decide as well.
create view public.import_finished_runs with (security_invoker = true) as
select
  r.id as run_id,
  r.job_id,
  r.organization_id,
  j.data_type,
  case when r.dry_run then 'rehearsal' else r.kind end as kind, -- as import_daily has it
  j.created_by,
  j.created_at,
  j.file_name,
  r.finished_at,
  -- Whether the job ended with it: the others were released, tried again or taken over. A job that an
  -- operator tried again ends once more.
  r.outcome in ('completed', 'failed', 'cancelled') as is_end,
  r.outcome,
  r.created,
  r.updated,
  r.unchanged, -- part of updated
  r.failed as refused,
  -- An export has no other rows than those it wrote.
  case when r.kind = 'export' then coalesce(r.row_count, 0) else r.created + r.updated + r.failed end
    as rows,
  greatest(extract(epoch from r.finished_at - r.started_at), 0) as seconds, -- of this run alone
  -- Of the run that a job ended with: from when it was due to its first claim, and from there to its
  -- end. NULL where a retry by an operator has overwritten when that was.
  case when of_job.times then
    greatest(extract(epoch from j.started_at - greatest(j.scheduled_time, j.created_at)), 0)
  end::double precision as waiting,
  case when of_job.times then extract(epoch from r.finished_at - j.started_at) end::double precision
    as running,
  j.error_message
from public.import_runs r
join public.scheduled_jobs j on j.id = r.job_id
cross join lateral (
  select r.outcome in ('completed', 'failed', 'cancelled') and j.started_at <= r.finished_at as times
) as of_job
where r.finished_at is not null
  and r.organization_id in (select a.organization_id from public.import_analysts a);

revoke all on public.import_analysts, public.import_finished_runs from public, anon, authenticated;
grant select on public.import_analysts, public.import_finished_runs to authenticated, service_role;

-- The functions here take the same three: how many days, the last of which is today; in which zone days
-- begin; of which organization, NULL being all that the caller sees.
-- Errors: 22023 where there is no such zone.

-- Sums and times, a line for each of these: a day and kind; an organization, data type and kind, all
-- days together; a kind. What a line is not of is NULL in it.
-- Percentiles are seconds, of the jobs that ended; NULL where none did. Days without anything have no
-- line. Of runs that were pruned (after a year, unless runs_days says otherwise) import_daily has sums:
-- their days are those of UTC, their percentiles are not known, nor are the rows of exports.
create function public.import_figures(
  days integer default 30, time_zone text default 'UTC', of_organization text default null)
returns table (
  day date, organization_id text, data_type text, kind text,
  jobs bigint, failed_jobs bigint, -- that ended; that ended as failed
  created bigint, updated bigint, unchanged bigint, refused bigint, rows bigint,
  seconds numeric, rows_a_second numeric, -- of all attempts
  waiting_p50 double precision, waiting_p95 double precision,
  running_p50 double precision, running_p95 double precision)
language sql stable security invoker set search_path = '' as $$
  with
    since as (
      select (now() at time zone time_zone)::date - days + 1 as day
    ),
    run as (
      select (r.finished_at at time zone time_zone)::date as day, r.*
      from public.import_finished_runs r
      where r.finished_at >= (select s.day from since s)::timestamp at time zone time_zone
        and (of_organization is null or r.organization_id = of_organization)
    ),
    daily as (
      select d.*
      from public.import_daily d
      where d.day >= (select s.day from since s)
        and (of_organization is null or d.organization_id = of_organization)
        and d.organization_id in (select a.organization_id from public.import_analysts a)
    ),
    line as (
      select run.day, run.organization_id, run.data_type, run.kind,
             count(*) filter (where run.is_end) as jobs,
             count(*) filter (where run.outcome = 'failed') as failed_jobs,
             -- A run's counts are its job's: those of earlier attempts are in the last one's.
             sum(run.created) filter (where run.is_end) as created,
             sum(run.updated) filter (where run.is_end) as updated,
             sum(run.unchanged) filter (where run.is_end) as unchanged,
             sum(run.refused) filter (where run.is_end) as refused,
             sum(run.rows) filter (where run.is_end) as rows,
             sum(run.seconds) as seconds,
             percentile_cont(0.5) within group (order by run.waiting) as waiting_p50,
             percentile_cont(0.95) within group (order by run.waiting) as waiting_p95,
             percentile_cont(0.5) within group (order by run.running) as running_p50,
             percentile_cont(0.95) within group (order by run.running) as running_p95
      from run
      group by grouping sets (
        (run.day, run.kind), (run.organization_id, run.data_type, run.kind), (run.kind))
      union all
      select daily.day, daily.organization_id, daily.data_type, daily.kind,
             sum(daily.jobs), sum(daily.failed_jobs), sum(daily.created), sum(daily.updated),
             sum(daily.unchanged), sum(daily.failed),
             sum(daily.created + daily.updated + daily.failed), sum(daily.seconds),
             null, null, null, null
      from daily
      group by grouping sets (
        (daily.day, daily.kind), (daily.organization_id, daily.data_type, daily.kind), (daily.kind))
    )
  select l.day, l.organization_id, l.data_type, l.kind,
         sum(l.jobs)::bigint, sum(l.failed_jobs)::bigint,
         coalesce(sum(l.created), 0)::bigint, coalesce(sum(l.updated), 0)::bigint,
         coalesce(sum(l.unchanged), 0)::bigint, coalesce(sum(l.refused), 0)::bigint,
         coalesce(sum(l.rows), 0)::bigint, sum(l.seconds),
         coalesce(sum(l.rows), 0) / nullif(sum(l.seconds), 0),
         -- Of the two lines that may meet here, one knows them.
         max(l.waiting_p50), max(l.waiting_p95), max(l.running_p50), max(l.running_p95)
  from line l
  group by l.day, l.organization_id, l.data_type, l.kind
  order by l.day, sum(l.jobs) desc, l.organization_id, l.data_type, l.kind;
$$;

-- In which zone days begin where nobody names one.
create function public.import_time_zone()
returns text
language sql stable security invoker set search_path = '' as $$
  select s.default_time_zone from import_internal.settings s;
$$;

-- New functions are everybody's by default.
revoke execute on function public.import_figures(integer, text, text), public.import_time_zone()
from public, anon, authenticated;
grant execute on function public.import_figures(integer, text, text) to authenticated, service_role;
grant execute on function public.import_time_zone() to service_role;
