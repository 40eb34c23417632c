-- The alerts of ../prometheus/rules.yml for those who have no Prometheus, each a statement that
-- returns a row when there is something to do: for the SQL editor of the dashboard, or a cron job
-- with psql. What to do: docs/OPERATING.md.

-- ImportWorkersGone
select since from public.import_service_status where not is_alive;

-- ImportJobsWaiting
select oldest_due_seconds from public.import_service_status where oldest_due_seconds > 300;

-- ImportJobsRetrying
select public.import_queue() ->> 'retrying' as jobs
where (public.import_queue() ->> 'retrying')::integer > 0;

-- ImportListenerDown
select id, listener from public.import_workers
where alive_until > now() and listener <> 'live' and started_at < now() - interval '5 minutes';

-- ImportListenerDeaf
select id, times_deaf from public.import_workers where alive_until > now() and times_deaf > 3;

-- ImportRunsFailing
select count(*) as runs from public.import_runs
where outcome = 'failed' and finished_at > now() - interval '15 minutes'
having count(*) > 5;

-- ImportTakeovers
select count(*) as runs from public.import_runs
where outcome = 'lease_expired' and finished_at > now() - interval '15 minutes'
having count(*) > 2;

-- ImportPickUpSlow
-- Of imports alone: exports are left to their creators' pages first.
select percentile_cont(0.95) within group (
  order by extract(epoch from j.started_at - greatest(j.scheduled_time, j.created_at))) as seconds
from public.scheduled_jobs j
where j.job_type = 'import' and j.started_at > now() - interval '15 minutes'
having percentile_cont(0.95) within group (
  order by extract(epoch from j.started_at - greatest(j.scheduled_time, j.created_at))) > 60;
