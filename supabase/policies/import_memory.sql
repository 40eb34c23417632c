-- import_memory: users see what was learned from their organization's files. Only the worker's
-- functions write.
alter table public.import_memory enable row level security;

revoke all on public.import_memory from public, anon, authenticated;
grant select on public.import_memory to authenticated;
grant select, insert, update, delete on public.import_memory to service_role;

drop policy if exists import_memory_select_own_organization on public.import_memory;
create policy import_memory_select_own_organization on public.import_memory
  for select to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));
