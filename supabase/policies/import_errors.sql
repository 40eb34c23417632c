-- import_errors: users see the refused rows of their organization's imports. Only the worker's
-- functions write.
alter table public.import_errors enable row level security;

revoke all on public.import_errors from public, anon, authenticated;
grant select on public.import_errors to authenticated;
grant select, insert, update, delete on public.import_errors to service_role;

drop policy if exists import_errors_select_own_organization on public.import_errors;
create policy import_errors_select_own_organization on public.import_errors
  for select to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));
