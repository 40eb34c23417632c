-- What an operator may set for all organizations, a row a setting: in the dashboard's Table Editor,
-- or with
--   update import_settings set value = '90' where name = 'changes_days';
create table if not exists public.import_settings (
  name text primary key,
  value jsonb not null,
  description text not null, -- what it means, and which values it takes
  constraint import_settings_days check (
    name not like '%\_days'
    or case when jsonb_typeof(value) = 'number'
         then value::numeric between -1 and 36500 and value::numeric = trunc(value::numeric)
         else false end)
);

insert into public.import_settings (name, value, description) values
  ('changes_days', '30', 'Days for which it is kept what an import changed, so that it can be undone. '
                         '0 keeps nothing, -1 keeps it for ever.')
on conflict do nothing;

-- Who may do what: ../policies/import_settings.sql, the same text.
-- import_settings: an operator's, through the dashboard or the secret key. It says nothing of any
-- organization. Users read one of them, which tells them until when an import can be undone.
alter table public.import_settings enable row level security;

revoke all on public.import_settings from public, anon, authenticated;
grant select on public.import_settings to authenticated;
grant select, insert, update, delete on public.import_settings to service_role;

drop policy if exists import_settings_select_changes_days on public.import_settings;
create policy import_settings_select_changes_days on public.import_settings
  for select to authenticated
  using (name = 'changes_days');

-- For how many days change sets are kept: the setting's meaning.
create or replace function import_internal.changes_days()
returns integer
language plpgsql stable security invoker set search_path = '' as $$
begin
  return coalesce(
    (select s.value::integer from public.import_settings s where s.name = 'changes_days'), 30);
end $$;

revoke execute on all functions in schema import_internal from public, anon, authenticated;
grant execute on all functions in schema import_internal to service_role;

notify pgrst, 'reload schema';
