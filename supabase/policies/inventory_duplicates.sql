-- inventory_duplicates: rows moved out of inventory. Users see their organization's, so that
-- nobody has to ask where an item went. Moving all of them in and out is the database owner's work;
-- one by one they are restored and merged by functions, which an operator calls with the secret key.
alter table public.inventory_duplicates enable row level security;

revoke all on public.inventory_duplicates from public, anon, authenticated, service_role;
grant select on public.inventory_duplicates to authenticated;
grant select, update, delete on public.inventory_duplicates to service_role;

drop policy if exists inventory_duplicates_select_own_organization on public.inventory_duplicates;
create policy inventory_duplicates_select_own_organization on public.inventory_duplicates
  for select to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));
