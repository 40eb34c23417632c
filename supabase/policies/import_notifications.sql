-- import_notifications: the outbox. People read what they are told in their inbox, by mail, or where
-- their webhook is; here they have nothing to look for.
alter table public.import_notifications enable row level security;

revoke all on public.import_notifications from public, anon, authenticated;
grant select, insert, update, delete on public.import_notifications to service_role;
