-- import_runs: users see how their organization's imports went. Only the worker's functions write.
-- The id is no secret that opens anything: every function that takes it is service_role's.
alter table public.import_runs enable row level security;

revoke all on public.import_runs from public, anon, authenticated;
grant select on public.import_runs to authenticated;
grant select, insert, update, delete on public.import_runs to service_role;

drop policy if exists import_runs_select_own_organization on public.import_runs;
create policy import_runs_select_own_organization on public.import_runs
  for select to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));
