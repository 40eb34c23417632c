-- notification_inbox: a person sees their own lines, as long as they are of that organization, marks
-- them as read and throws them away. Only the database writes them.
alter table public.notification_inbox enable row level security;

revoke all on public.notification_inbox from public, anon, authenticated;
grant select, delete on public.notification_inbox to authenticated;
grant update (read_at) on public.notification_inbox to authenticated;
grant select, insert, update, delete on public.notification_inbox to service_role;

drop policy if exists notification_inbox_own on public.notification_inbox;
create policy notification_inbox_own on public.notification_inbox
  for all to authenticated
  using (profile_id = (select auth.uid()) and organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())))
  with check (profile_id = (select auth.uid()) and organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));
