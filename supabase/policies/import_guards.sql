-- import_guards: members see what holds their organization's imports; its admins set it. An operator
-- does so in the dashboard.
alter table public.import_guards enable row level security;

revoke all on public.import_guards from public, anon, authenticated;
grant select, insert, update, delete on public.import_guards to authenticated;
grant select, insert, update, delete on public.import_guards to service_role;

drop policy if exists import_guards_select_own_organization on public.import_guards;
create policy import_guards_select_own_organization on public.import_guards
  for select to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));

drop policy if exists import_guards_insert_as_admin on public.import_guards;
create policy import_guards_insert_as_admin on public.import_guards
  for insert to authenticated
  with check (organization_id = (
    select p.organization_id from public.profiles p
    where p.id = (select auth.uid()) and p.role in ('admin', 'super_admin')));

drop policy if exists import_guards_update_as_admin on public.import_guards;
create policy import_guards_update_as_admin on public.import_guards
  for update to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p
    where p.id = (select auth.uid()) and p.role in ('admin', 'super_admin')))
  with check (organization_id = (
    select p.organization_id from public.profiles p
    where p.id = (select auth.uid()) and p.role in ('admin', 'super_admin')));

drop policy if exists import_guards_delete_as_admin on public.import_guards;
create policy import_guards_delete_as_admin on public.import_guards
  for delete to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p
    where p.id = (select auth.uid()) and p.role in ('admin', 'super_admin')));
