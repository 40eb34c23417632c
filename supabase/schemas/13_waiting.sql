-- Who waits for a worker: where the claim looks first, instead of at every pending job.
--
-- A row says that an organization may have a job to take from due_at on, and that it was last
-- served at served_at or later. Both are bounds, never too late: the claim looks at the jobs
-- themselves before it takes one, and corrects the row that promised too much. So nothing here has
-- to be kept exact, and who inserts, cancels, moves or deletes a job waits for nobody:
--   a job that comes    relies on a row that says enough, which nobody then takes away before it is
--                       committed (KEY SHARE), or else adds one: there may be several a while;
--   a job that goes     leaves its row behind, for the next claim that meets it.
-- Rows that somebody else has locked are skipped by everybody, so that they have no place in the
-- lock order (08_runs.sql).
create table import_internal.waiting (
  id uuid primary key default gen_random_uuid(),
  -- Not a foreign key: older job tables have none, and a job must not be refused here.
  organization_id text not null,
  served_at timestamptz, -- when its last run started; NULL: it never had one
  due_at timestamptz not null
);
-- The claim's order: who has waited longest since it was last served.
create index waiting_order_idx
  on import_internal.waiting (served_at nulls first, due_at);
create index waiting_organization_idx
  on import_internal.waiting (organization_id, due_at);
-- Each claim leaves dead rows where the next one begins to look.
alter table import_internal.waiting set (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

alter table import_internal.waiting enable row level security;
revoke all on import_internal.waiting from public, anon, authenticated, service_role;
grant select, insert, update, delete on import_internal.waiting to service_role;

-- Sees to it that the claim looks at an organization from due_at on.
create function import_internal.expect(organization_id text, due_at timestamptz)
returns void
language plpgsql security invoker set search_path = '' as $$
begin
  perform from import_internal.waiting w
  where w.organization_id = expect.organization_id and w.due_at <= expect.due_at
  limit 1
  for key share skip locked;
  if not found then
    insert into import_internal.waiting (organization_id, served_at, due_at)
    values (
      expect.organization_id,
      (select max(r.started_at) from public.import_runs r
       where r.organization_id = expect.organization_id),
      expect.due_at);
  end if;
end $$;

-- A job became pending or was moved, or a retry may come sooner.
-- SECURITY DEFINER: users insert jobs, and nobody but the worker has to do with this schema.
create function import_internal.expect_job() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if tg_table_name = 'scheduled_jobs' then
    perform import_internal.expect(new.organization_id, new.scheduled_time);
  else
    perform import_internal.expect(new.organization_id, coalesce(new.retry_at, now()));
  end if;
  return null;
end $$;

-- ALWAYS: also when a dump is restored with its triggers off. A job that nobody expects is not done.
create trigger scheduled_jobs_expect_job
  after insert or update of status, scheduled_time, organization_id, job_type, created_by
  on public.scheduled_jobs
  for each row when (new.status = 'pending')
  execute function import_internal.expect_job();
alter table public.scheduled_jobs enable always trigger scheduled_jobs_expect_job;
create trigger import_runs_expect_job
  after update of retry_at on public.import_runs
  for each row when (coalesce(new.retry_at, '-infinity') < old.retry_at)
  execute function import_internal.expect_job();
alter table public.import_runs enable always trigger import_runs_expect_job;

-- How long after its scheduled time a pending job is a worker's: an export that a user made is left to
-- their open page first.
create function import_internal.left_to_page(
  job_type text, created_by uuid, export_after_seconds integer)
returns interval
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case when job_type = 'export' and created_by is not null
    then make_interval(secs => export_after_seconds) else '0' end;
end $$;

-- The job of an organization whose turn it is, and since when it is due: what claim_import_jobs calls
-- due, the oldest of them, but one that killed two workers yields to the others. None while a run of
-- the organization lives.
create function import_internal.next_job(
  organization_id text, orphan_after_seconds integer, export_after_seconds integer,
  out id uuid, out status text, out due_at timestamptz)
language plpgsql stable security invoker set search_path = ''
-- By the indexes, whatever the statistics of an hour ago say: job after job in the order wanted, to
-- the first that is due; each job's runs; a live run.
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
set enable_hashjoin = off set enable_mergejoin = off set enable_material = off
as $$
begin
  if exists (
    select from public.import_runs r
    where r.organization_id = next_job.organization_id and r.finished_at is null)
  then
    return;
  end if;
  for yields in 0..1 loop
    select j.id, j.status, due.at into next_job.id, next_job.status, next_job.due_at
    from public.scheduled_jobs j
    cross join lateral (
      select j.scheduled_time + case j.status
        when 'pending'
          then import_internal.left_to_page(j.job_type, j.created_by, export_after_seconds)
        else '0' end as at
      offset 0) as due
    cross join lateral (
      select count(*) > 0 as ran, max(r.retry_at) as retry_at,
             count(*) filter (where r.outcome = 'lease_expired') >= 2 as killed_two
      from public.import_runs r
      where r.job_id = j.id) as past
    where j.organization_id = next_job.organization_id
      and j.status in ('pending', 'processing')
      and j.scheduled_time <= now()
      and j.job_type in ('import', 'export')
      and due.at <= now()
      and case j.status
        when 'pending' then coalesce(past.retry_at <= now(), true)
        else past.ran or greatest(j.scheduled_time, j.started_at)
          <= now() - make_interval(secs => orphan_after_seconds)
      end
      and past.killed_two = (yields = 1)
    order by j.scheduled_time, j.created_at, j.id
    limit 1;
    exit when found;
  end loop;
end $$;

-- Corrects a place whose organization has no job to take now: it waits until one may be due, or goes.
-- Under a lock that whoever relies on the place would not let us have, and so after whoever did.
-- Returns whether it changed anything.
create function import_internal.look_later(
  place uuid, organization_id text, export_after_seconds integer)
returns boolean
language plpgsql security invoker set search_path = ''
set enable_seqscan = off set enable_bitmapscan = off
set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  next_due_at timestamptz;
begin
  perform from import_internal.waiting w where w.id = place for update skip locked;
  if not found then return false; end if;

  -- As a statement of its own, which sees what was committed until now.
  select least(
    (select min(greatest(
       j.scheduled_time
         + import_internal.left_to_page(j.job_type, j.created_by, export_after_seconds),
       (select max(r.retry_at) from public.import_runs r where r.job_id = j.id)))
     from public.scheduled_jobs j
     where j.organization_id = look_later.organization_id
       and j.status = 'pending' and j.job_type in ('import', 'export')
       and j.scheduled_time <= now()),
    (select min(j.scheduled_time)
     from public.scheduled_jobs j
     where j.organization_id = look_later.organization_id
       and j.status = 'pending' and j.job_type in ('import', 'export')
       and j.scheduled_time > now()))
  into next_due_at;

  if next_due_at is null then
    delete from import_internal.waiting w where w.id = place;
  else
    update import_internal.waiting w set due_at = next_due_at
    where w.id = place and w.due_at <> next_due_at;
  end if;
  return found;
end $$;

-- Sees to it that the claim looks at organizations whose job is processing while nobody runs it: the
-- lease ran out, or a browser left it behind. No trigger tells of that, and such jobs are few.
create function import_internal.expect_abandoned(
  orphan_after_seconds integer, export_after_seconds integer)
returns void
language plpgsql security invoker set search_path = ''
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  insert into import_internal.waiting (organization_id, served_at, due_at)
  select j.organization_id,
         (select max(r.started_at) from public.import_runs r
          where r.organization_id = j.organization_id),
         min(j.scheduled_time)
  from (
    -- By an order that only the index of such jobs has without a sort. Else one that has the
    -- organizations' order serves the grouping, and every job that is pending is looked at.
    select p.organization_id, p.scheduled_time
    from public.scheduled_jobs p
    where p.status = 'processing'
    order by p.scheduled_time
    offset 0) as j
  where not exists (
      select from public.import_runs r
      where r.organization_id = j.organization_id and r.finished_at is null)
    and not exists (
      select from import_internal.waiting w
      where w.organization_id = j.organization_id and w.due_at <= j.scheduled_time)
    and (select n.id is not null
         from import_internal.next_job(
           j.organization_id, orphan_after_seconds, export_after_seconds) as n)
  group by j.organization_id;
end $$;

-- Moves an organization behind the others, as it was served just now. If it has several places, this
-- one takes over what the others stand for, but those that somebody relies on right now.
create function import_internal.served(place uuid, run public.import_runs)
returns void
language plpgsql security invoker set search_path = '' as $$
begin
  with other as materialized (
    select w.id from import_internal.waiting w
    where w.organization_id = run.organization_id and w.id <> place
    for update skip locked
  ),
  gone as (
    -- Each by its id: joined, what is to be deleted may be looked for among all that wait.
    delete from import_internal.waiting w
    where w.id = any (array(select other.id from other))
    returning w.due_at
  )
  update import_internal.waiting w
  set served_at = run.started_at,
      due_at = least(w.due_at, (select min(gone.due_at) from gone))
  where w.id = place;
end $$;
