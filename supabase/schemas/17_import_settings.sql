-- What an operator may set for all organizations, a row a setting: in the dashboard's Table Editor,
-- or with
--   update import_settings set value = '90' where name = 'changes_days';
-- Each is inserted where what it is about is: here, in 44_pruning.sql, 46_merged_items.sql and
-- 49_notification_channels.sql.
create table public.import_settings (
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
                         '0 keeps nothing, -1 keeps it for ever.');

-- Who may do what: ../policies/import_settings.sql.
-- import_settings: an operator's, through the dashboard or the secret key. It says nothing of any
-- organization. Users read those that tell them until when an import can be undone, and what they are
-- told of unless they choose.
alter table public.import_settings enable row level security;

revoke all on public.import_settings from public, anon, authenticated;
grant select on public.import_settings to authenticated;
grant select, insert, update, delete on public.import_settings to service_role;

create policy import_settings_select_for_users on public.import_settings
  for select to authenticated
  using (name in ('changes_days', 'notification_events', 'notification_language'));

-- For how many days change sets are kept: the setting's meaning.
create function import_internal.changes_days()
returns integer
language plpgsql stable security invoker set search_path = '' as $$
begin
  return coalesce(
    (select s.value::integer from public.import_settings s where s.name = 'changes_days'), 30);
end $$;
