-- import_changes: users see what imports did to their organization's records, which are theirs to
-- see. Only the worker's functions write.
alter table public.import_changes enable row level security;

revoke all on public.import_changes from public, anon, authenticated;
grant select on public.import_changes to authenticated;
grant select, insert, update, delete on public.import_changes to service_role;

drop policy if exists import_changes_select_own_organization on public.import_changes;
create policy import_changes_select_own_organization on public.import_changes
  for select to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));
