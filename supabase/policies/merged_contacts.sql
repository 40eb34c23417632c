-- merged_contacts: contacts that were merged into others. Users see their organization's, so that
-- nobody has to ask where a contact went. Merging and taking it back are functions, which an operator
-- calls with the secret key.
alter table public.merged_contacts enable row level security;

revoke all on public.merged_contacts from public, anon, authenticated;
grant select on public.merged_contacts to authenticated;
grant select, insert, update, delete on public.merged_contacts to service_role;

drop policy if exists merged_contacts_select_own_organization on public.merged_contacts;
create policy merged_contacts_select_own_organization on public.merged_contacts
  for select to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));
