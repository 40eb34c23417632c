-- scheduled_jobs: users insert pending jobs of their own organization in their own name, see their
-- organization's jobs, and cancel, edit (while pending) or delete their own. Everything else about
-- a job (progress, counts, the other states) is the worker's, which acts as service_role.
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
  status, completed_at, scheduled_time, file_name, repeat_type, repeat_interval,
  repeat_custom_unit, repeat_end_date, repeat_days_of_week, repeat_days_of_month
) on public.scheduled_jobs to authenticated;
grant select, insert, update, delete on public.scheduled_jobs to service_role;

drop policy if exists scheduled_jobs_select_own_organization on public.scheduled_jobs;
create policy scheduled_jobs_select_own_organization on public.scheduled_jobs
  for select to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));

drop policy if exists scheduled_jobs_insert_own_pending on public.scheduled_jobs;
create policy scheduled_jobs_insert_own_pending on public.scheduled_jobs
  for insert to authenticated
  with check (
    status = 'pending'
    and created_by = (select auth.uid())
    and organization_id = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid())));

-- Which rows may be changed, and into what. What a policy cannot say, because it needs the old row
-- beside the new one, the trigger below says.
drop policy if exists scheduled_jobs_update_own_unfinished on public.scheduled_jobs;
create policy scheduled_jobs_update_own_unfinished on public.scheduled_jobs
  for update to authenticated
  using (
    status in ('pending', 'processing')
    and created_by = (select auth.uid())
    and organization_id = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid())))
  with check (
    (status = 'cancelled' or (status = 'pending' and completed_at is null))
    and created_by = (select auth.uid())
    and organization_id = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid())));

drop policy if exists scheduled_jobs_delete_own on public.scheduled_jobs;
create policy scheduled_jobs_delete_own on public.scheduled_jobs
  for delete to authenticated
  using (
    created_by = (select auth.uid())
    and organization_id = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid())));

-- A job that runs can be cancelled and nothing else: setting it back to pending would start it
-- twice, and its schedule is history.
create or replace function public.scheduled_jobs_only_cancel_while_processing() returns trigger
language plpgsql security invoker set search_path = '' as $$
begin
  if new.status <> 'cancelled'
    or (new.scheduled_time, new.file_name, new.repeat_type, new.repeat_interval,
        new.repeat_custom_unit, new.repeat_end_date, new.repeat_days_of_week,
        new.repeat_days_of_month)
    is distinct from
       (old.scheduled_time, old.file_name, old.repeat_type, old.repeat_interval,
        old.repeat_custom_unit, old.repeat_end_date, old.repeat_days_of_week,
        old.repeat_days_of_month)
  then
    raise insufficient_privilege using message = 'a job that is being processed can only be cancelled';
  end if;
  return new;
end $$;
revoke execute on function public.scheduled_jobs_only_cancel_while_processing()
  from public, anon, authenticated;

drop trigger if exists scheduled_jobs_only_cancel_while_processing on public.scheduled_jobs;
create trigger scheduled_jobs_only_cancel_while_processing
  before update on public.scheduled_jobs
  for each row
  when (old.status = 'processing' and current_user = 'authenticated')
  execute function public.scheduled_jobs_only_cancel_while_processing();
