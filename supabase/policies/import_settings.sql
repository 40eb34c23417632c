-- import_settings: an operator's, through the dashboard or the secret key. It says nothing of any
-- organization. Users read those that tell them until when an import can be undone, and what they are
-- told of unless they choose.
alter table public.import_settings enable row level security;

revoke all on public.import_settings from public, anon, authenticated;
grant select on public.import_settings to authenticated;
grant select, insert, update, delete on public.import_settings to service_role;

drop policy if exists import_settings_select_changes_days on public.import_settings;
drop policy if exists import_settings_select_for_users on public.import_settings;
create policy import_settings_select_for_users on public.import_settings
  for select to authenticated
  using (name in ('changes_days', 'notification_events', 'notification_language'));
