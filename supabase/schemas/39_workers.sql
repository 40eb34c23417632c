-- Which workers there are, and what the CRM may say of that: "imports are paused" instead of a bar
-- that does not move.

-- One row a worker process, written by itself when it starts, once a minute and when it stops.
create table public.import_workers (
  id text primary key, -- as in import_runs.worker_id
  version text not null,
  host text not null,
  started_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  -- Taken for dead from then on: 90 seconds after its last word, at once when it stops.
  alive_until timestamptz not null,
  stopped_at timestamptz, -- NULL while it works, and for ever where it was killed
  listener text not null, -- where its Realtime subscription stands
  times_deaf integer not null, -- how often that was made anew because it had gone deaf
  concurrency integer not null,
  runs integer not null,
  constraint import_workers_known_listener check (
    listener in ('connecting', 'joined', 'live', 'down')),
  constraint import_workers_counts_not_negative check (least(times_deaf, concurrency, runs) >= 0)
);

-- Who may do what: ../policies/import_workers.sql.
-- import_workers: that there is a worker, and since when, is everybody's to know who is signed in:
-- import_service_status tells it. Which machines, versions and how many jobs they have is not.
alter table public.import_workers enable row level security;

revoke all on public.import_workers from public, anon, authenticated;
grant select (started_at, last_seen_at, alive_until) on public.import_workers to authenticated;
grant select, insert, update, delete on public.import_workers to service_role;

create policy import_workers_select_times on public.import_workers
  for select to authenticated
  using (true);

-- A worker's word, once a minute and when it stops. What is a day old goes: rows of workers that are
-- gone, and what browsers wrote.
-- The first one after a time without any lets that be told (*_telling.sql).
-- Returns {"alive": how many workers there are}.
create function public.report_worker(
  worker_id text, version text, host text, listener text, times_deaf integer, concurrency integer,
  runs integer, is_stopping boolean
) returns jsonb
language plpgsql security invoker set search_path = '' as $$
begin
  if not is_stopping then
    perform import_internal.tell_of_absence(is_back => true);
  end if;
  delete from public.import_workers w where w.alive_until < now() - interval '1 day';
  delete from import_internal.browser_writes b where b.last_at < now() - interval '1 day';
  insert into public.import_workers as w (
    id, version, host, alive_until, stopped_at, listener, times_deaf, concurrency, runs)
  values (
    report_worker.worker_id, report_worker.version, report_worker.host,
    case when is_stopping then now() else now() + interval '90 seconds' end,
    case when is_stopping then now() end, report_worker.listener, report_worker.times_deaf,
    report_worker.concurrency, report_worker.runs)
  on conflict (id) do update
  set last_seen_at = now(), alive_until = excluded.alive_until, stopped_at = excluded.stopped_at,
      listener = excluded.listener, times_deaf = excluded.times_deaf,
      concurrency = excluded.concurrency, runs = excluded.runs;
  return jsonb_build_object(
    'alive', (select count(*) from public.import_workers w where w.alive_until > now()));
end $$;

-- For everybody signed in, one row: whether a worker is alive, since when that has been so (NULL if
-- there never was one), and for how many seconds the oldest job that is due has waited (NULL: none
-- is due; an export is its creator's page's for the first 90 seconds). The jobs are those that the reader may see: a user's own organization's, everybody's for
-- service_role.
create view public.import_service_status with (security_invoker = true) as
select
  coalesce(workers.are_alive, false) as is_alive,
  case when workers.are_alive then workers.alive_since else workers.last_alive end as since,
  (select extract(epoch from now() - greatest(j.scheduled_time, j.created_at))::double precision
   from public.scheduled_jobs j
   where j.status = 'pending' and j.scheduled_time <= now()
     and (j.job_type = 'import' or j.created_by is null
          or j.scheduled_time <= now() - interval '90 seconds')
   order by j.scheduled_time
   limit 1) as oldest_due_seconds
from (
  select bool_or(w.alive_until > now()) as are_alive,
         min(w.started_at) filter (where w.alive_until > now()) as alive_since,
         max(w.last_seen_at) as last_alive
  from public.import_workers w
) as workers;
revoke all on public.import_service_status from public, anon, authenticated;
grant select on public.import_service_status to authenticated, service_role;

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on function
  public.report_worker(text, text, text, text, integer, integer, integer, boolean)
from public, anon, authenticated;
grant execute on function
  public.report_worker(text, text, text, text, integer, integer, integer, boolean)
to service_role;
