-- notification_deliveries: the worker's book-keeping. How a channel does, stands in the channel.
alter table public.notification_deliveries enable row level security;

revoke all on public.notification_deliveries from public, anon, authenticated;
grant select, insert, update, delete on public.notification_deliveries to service_role;
