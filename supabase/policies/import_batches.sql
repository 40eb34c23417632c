-- import_batches: the worker's ledger. No user has anything to look for here, so there is no
-- policy and no grant to users at all.
alter table public.import_batches enable row level security;

revoke all on public.import_batches from public, anon, authenticated;
grant select, insert, update, delete on public.import_batches to service_role;
