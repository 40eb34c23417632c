-- notification_channels: a person sees and sets their own, in their organization; the organization's
-- webhooks are its admins'. So whoever reads a secret may also change it. When a channel failed and
-- why it was switched off, is the worker's to say.
alter table public.notification_channels enable row level security;

revoke all on public.notification_channels from public, anon, authenticated;
grant select, delete on public.notification_channels to authenticated;
grant insert (organization_id, profile_id, kind, url, events, scope, language, is_enabled)
  on public.notification_channels to authenticated;
-- The secret: whatever is sent, a new one is made.
grant update (url, events, scope, language, is_enabled, secret)
  on public.notification_channels to authenticated;
grant select, insert, update, delete on public.notification_channels to service_role;

drop policy if exists notification_channels_manage_own on public.notification_channels;
create policy notification_channels_manage_own on public.notification_channels
  for all to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p
    where p.id = (select auth.uid())
      and (p.id = profile_id or profile_id is null and p.role in ('admin', 'super_admin'))))
  with check (organization_id = (
    select p.organization_id from public.profiles p
    where p.id = (select auth.uid())
      and (p.id = profile_id or profile_id is null and p.role in ('admin', 'super_admin'))));
