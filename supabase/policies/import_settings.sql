-- import_settings: an operator's, through the dashboard or the secret key. It says nothing of any
-- organization, and users have nothing to look for here: no policy, no grant to users at all.
alter table public.import_settings enable row level security;

revoke all on public.import_settings from public, anon, authenticated;
grant select, insert, update, delete on public.import_settings to service_role;
