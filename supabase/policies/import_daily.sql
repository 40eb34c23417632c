-- import_daily: users see how much their organization imported. Only the worker's functions write.
alter table public.import_daily enable row level security;

revoke all on public.import_daily from public, anon, authenticated;
grant select on public.import_daily to authenticated;
grant select, insert, update, delete on public.import_daily to service_role;

drop policy if exists import_daily_select_own_organization on public.import_daily;
create policy import_daily_select_own_organization on public.import_daily
  for select to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));
