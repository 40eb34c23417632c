-- import_workers: that there is a worker, and since when, is everybody's to know who is signed in:
-- import_service_status tells it. Which machines, versions and how many jobs they have is not.
alter table public.import_workers enable row level security;

revoke all on public.import_workers from public, anon, authenticated;
grant select (started_at, last_seen_at, alive_until) on public.import_workers to authenticated;
grant select, insert, update, delete on public.import_workers to service_role;

drop policy if exists import_workers_select_times on public.import_workers;
create policy import_workers_select_times on public.import_workers
  for select to authenticated
  using (true);
