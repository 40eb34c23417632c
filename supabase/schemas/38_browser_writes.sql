-- Whether a browser still imports: the processor that the worker replaces goes on in every tab of an
-- old version of the CRM, and writes the rows a second time, one by one. No policy can forbid that,
-- for a person saving one item by hand looks the same; twenty statements of one user during one run
-- do not.

-- How many statements of a user wrote to a table while a run of ours imported into it. No foreign key
-- to the run: a user's write must not wait for whoever ends it. Rows go after a day (report_worker).
create table import_internal.browser_writes (
  run_id uuid not null,
  user_id uuid not null,
  organization_id text not null,
  statements integer not null default 1,
  last_at timestamptz not null default now(),
  primary key (run_id, user_id)
);
alter table import_internal.browser_writes enable row level security;
revoke all on import_internal.browser_writes from public, anon, authenticated, service_role;
grant select, delete on import_internal.browser_writes to service_role;

-- Runs once a statement of a user, and does nothing unless their organization is being imported into
-- this table. Security definer, for users have no way to these tables; it takes nothing from them but
-- who they are.
create function import_internal.note_browser_write() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into import_internal.browser_writes as known (run_id, user_id, organization_id)
  select r.id, p.id, p.organization_id
  from public.profiles p
  join public.import_runs r on r.organization_id = p.organization_id and r.finished_at is null
  join public.scheduled_jobs j on j.id = r.job_id and j.data_type = tg_table_name
  where p.id = (select auth.uid()) and r.kind = 'import'
  on conflict (run_id, user_id) do update
  set statements = known.statements + 1, last_at = now();
  return null;
end $$;

create trigger note_browser_write after insert or update on public.inventory
  for each statement when (current_user = 'authenticated')
  execute function import_internal.note_browser_write();
create trigger note_browser_write after insert or update on public.contacts
  for each statement when (current_user = 'authenticated')
  execute function import_internal.note_browser_write();
create trigger note_browser_write after insert or update on public.bids
  for each statement when (current_user = 'authenticated')
  execute function import_internal.note_browser_write();
