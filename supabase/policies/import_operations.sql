-- import_operations: what operators did to jobs, and when. Written by operate_import and by nobody
-- else, so nobody changes or removes a line; users have nothing to look for here.
alter table public.import_operations enable row level security;

revoke all on public.import_operations from public, anon, authenticated, service_role;
grant select, insert on public.import_operations to service_role;
