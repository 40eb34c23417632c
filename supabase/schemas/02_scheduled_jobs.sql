-- scheduled_jobs: the contract between the frontend, which inserts a job and watches its row, and
-- the worker, which claims it, reports progress on it and finishes it. Its columns keep their
-- names, types and meanings; the worker's own book-keeping lives in import_runs and its neighbours.

create table public.scheduled_jobs (
  id uuid primary key default gen_random_uuid(),
  organization_id text not null references public.organizations (id) on delete cascade,
  created_by uuid references public.profiles (id) on delete set null,
  job_type text not null,
  data_type text not null,
  scheduled_time timestamptz not null,
  status text not null default 'pending',
  creator_name text,
  file_name text,
  file_data jsonb,
  record_count integer,
  error_message text,
  created_at timestamptz not null default now(),
  completed_at timestamptz,
  progress jsonb, -- {"current": n, "total": n, "percent": 0..100}
  started_at timestamptz, -- the first claim
  repeat_type text default 'none',
  repeat_interval integer,
  repeat_custom_unit text,
  repeat_end_date timestamptz,
  repeat_days_of_week text[],
  repeat_days_of_month integer[]
);

-- NOT VALID: they hold for every row written since they came; rows of years ago are not judged.
alter table public.scheduled_jobs
  add constraint scheduled_jobs_known_status check (
    status in ('pending', 'processing', 'completed', 'failed', 'cancelled')) not valid,
  add constraint scheduled_jobs_known_organization check (
    organization_id is not null) not valid,
  -- 'infinity' is a time to PostgreSQL and no number to whoever waits for it.
  add constraint scheduled_jobs_known_scheduled_time check (
    isfinite(scheduled_time)) not valid,
  add constraint scheduled_jobs_known_job_type check (
    job_type in ('import', 'export')) not valid,
  add constraint scheduled_jobs_known_data_type check (
    data_type in ('inventory', 'contacts', 'bids')) not valid,
  add constraint scheduled_jobs_known_repeat_type check (
    repeat_type in ('none', 'daily', 'weekly', 'monthly', 'custom')) not valid,
  add constraint scheduled_jobs_known_repeat_custom_unit check (
    repeat_custom_unit in ('days', 'weeks', 'months')) not valid;

-- The claim looks for due jobs and for abandoned ones, both few among many finished rows.
create index scheduled_jobs_due_idx
  on public.scheduled_jobs (scheduled_time, created_at) where status = 'pending';
create index scheduled_jobs_processing_idx
  on public.scheduled_jobs (scheduled_time) where status = 'processing';
-- The claim tells what was inserted in the last seconds: what Realtime should have announced.
create index scheduled_jobs_created_idx on public.scheduled_jobs (created_at);
-- Every open browser reloads its organization's list on every event.
create index scheduled_jobs_org_created_idx
  on public.scheduled_jobs (organization_id, created_at desc);
-- The history of an organization, page by page: import_history.
create index scheduled_jobs_org_started_idx
  on public.scheduled_jobs (organization_id, started_at desc, id desc);
-- The foreign key to profiles, and the policies' "only your own".
create index scheduled_jobs_created_by_idx on public.scheduled_jobs (created_by);

-- An organization's unfinished jobs, in the order in which the claim wants them done.
create index scheduled_jobs_org_unfinished_idx
  on public.scheduled_jobs (organization_id, scheduled_time, created_at, id)
  where status in ('pending', 'processing');
-- Those that are over, by age: where pruning looks.
create index scheduled_jobs_over_idx
  on public.scheduled_jobs ((coalesce(completed_at, created_at)), id)
  where status in ('completed', 'failed', 'cancelled');

-- Realtime publishes this table, and people's inboxes (50_notifications.sql): RLS is checked for each
-- subscriber and each change. REPLICA IDENTITY stays the default: FULL would log file_data at every
-- progress update.
alter publication supabase_realtime add table public.scheduled_jobs;

-- Who may do what: ../policies/scheduled_jobs.sql.
-- scheduled_jobs: users insert pending jobs of their own organization in their own name, see their
-- organization's jobs, and cancel, edit (while pending) or delete their own. An export of their own
-- that is due and that no worker began, their page may run itself, and say how it went. Everything
-- else about a job (progress, the other states) is the worker's, which acts as service_role.
alter table public.scheduled_jobs enable row level security;

revoke all on public.scheduled_jobs from public, anon, authenticated;
grant select, delete on public.scheduled_jobs to authenticated;
-- By column: what the frontend sends. Naming any other column is refused before any policy runs.
grant insert (
  organization_id, created_by, job_type, data_type, scheduled_time, status, creator_name,
  file_name, file_data, repeat_type, repeat_interval, repeat_custom_unit, repeat_end_date,
  repeat_days_of_week, repeat_days_of_month
) on public.scheduled_jobs to authenticated;
grant update (
  status, completed_at, record_count, error_message, scheduled_time, file_name, repeat_type, repeat_interval,
  repeat_custom_unit, repeat_end_date, repeat_days_of_week, repeat_days_of_month
) on public.scheduled_jobs to authenticated;
grant select, insert, update, delete on public.scheduled_jobs to service_role;

create policy scheduled_jobs_select_own_organization on public.scheduled_jobs
  for select to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));

create policy scheduled_jobs_insert_own_pending on public.scheduled_jobs
  for insert to authenticated
  with check (
    status = 'pending'
    and created_by = (select auth.uid())
    and organization_id = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid())));

-- Which rows may be changed, and into what. What a policy cannot say, because it needs the old row
-- beside the new one, the trigger below says.
create policy scheduled_jobs_update_own_unfinished on public.scheduled_jobs
  for update to authenticated
  using (
    status in ('pending', 'processing')
    and created_by = (select auth.uid())
    and organization_id = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid())))
  with check (
    (status = 'cancelled'
     or (status = 'pending' and completed_at is null)
     or (job_type = 'export' and status in ('processing', 'completed', 'failed')))
    and created_by = (select auth.uid())
    and organization_id = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid())));

create policy scheduled_jobs_delete_own on public.scheduled_jobs
  for delete to authenticated
  using (
    created_by = (select auth.uid())
    and organization_id = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid())));

-- What a user may make of which job, with the old row beside the new one:
--   pending     edited, or cancelled;
--   processing  cancelled, and nothing else: setting it back to pending would start it twice, and
--               its schedule is history;
--   an export that no worker ever began: from pending to processing once it is due, and from there
--               to completed or failed, with record_count and error_message. So the CRM's Scheduled
--               Jobs page runs it (docs/FRONTEND.md).
-- The row lock decides between a claim and the page: whoever comes second sees here, or in the
-- claim, what the first has made of the row. An export that a worker began once is the worker's for
-- good, also while it waits for a retry.
create function public.scheduled_jobs_hold_users_to_their_part() returns trigger
language plpgsql security invoker set search_path = '' as $$
declare
  is_rescheduled constant boolean :=
    (new.scheduled_time, new.file_name, new.repeat_type, new.repeat_interval,
     new.repeat_custom_unit, new.repeat_end_date, new.repeat_days_of_week,
     new.repeat_days_of_month)
    is distinct from
    (old.scheduled_time, old.file_name, old.repeat_type, old.repeat_interval,
     old.repeat_custom_unit, old.repeat_end_date, old.repeat_days_of_week,
     old.repeat_days_of_month);
  says_how_it_went constant boolean :=
    (new.record_count, new.error_message) is distinct from (old.record_count, old.error_message);
begin
  if old.status = 'pending' and new.status in ('pending', 'cancelled') and not says_how_it_went
    or new.status = 'cancelled' and not is_rescheduled and not says_how_it_went
  then
    return new;
  end if;

  if old.job_type = 'export' and not is_rescheduled
    -- Seen as it is now, whenever this statement began: each query here looks anew.
    and not exists (select from public.import_runs r where r.job_id = old.id)
  then
    if old.status = 'pending' and new.status = 'processing' and old.scheduled_time <= now()
      and new.completed_at is null and not says_how_it_went
    then
      new.started_at := now(); -- from when on the tab may be taken for dead
      return new;
    elsif old.status = 'processing' and new.status in ('completed', 'failed')
      and coalesce(new.record_count, 0) >= 0
    then
      new.completed_at := now();
      return new;
    end if;
  end if;

  raise insufficient_privilege using message =
    'a job can be edited while it is pending, and cancelled until it has ended';
end $$;
revoke execute on function public.scheduled_jobs_hold_users_to_their_part()
  from public, anon, authenticated;

create trigger scheduled_jobs_hold_users_to_their_part
  before update on public.scheduled_jobs
  for each row
  when (current_user = 'authenticated')
  execute function public.scheduled_jobs_hold_users_to_their_part();
