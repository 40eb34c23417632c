-- What the worker asks of tables that are the CRM's own (organizations, profiles, inventory, contacts,
-- bids; quotes and organization_settings where a project has them). The ground they are made on is
-- ../migrations/20261123000100_crm_baseline.sql.

-- One row a SKU: an upsert by SKU needs it. Made by move_inventory_duplicates(), which first moves
-- out what would stand in its way.
create unique index inventory_org_sku_key on public.inventory (organization_id, sku);

-- Several items without a SKU are not one item. A blank SKU becomes NULL, which a unique index
-- takes any number of times, also when the frontend saves an item by hand.
alter table public.inventory alter column sku drop not null;

create function public.inventory_blank_sku_is_null() returns trigger
language plpgsql security invoker set search_path = '' as $$
begin
  new.sku := null;
  return new;
end $$;
revoke execute on function public.inventory_blank_sku_is_null() from public, anon, authenticated;

create trigger inventory_blank_sku_is_null
  before insert or update of sku on public.inventory
  for each row when (btrim(new.sku) = '')
  execute function public.inventory_blank_sku_is_null();

-- How inventory lies on disk. What dealers do every night is the same items with new prices, and a price
-- stands in no index: such an UPDATE leaves all of them alone (HOT), if the new version of the row finds
-- room on the page of the old one. On full pages it does not, and every index, four of them GIN, gets an
-- entry for each row. A project that had chosen a setting of its own has kept it.
alter table public.inventory set (
  -- Room for three new versions beside seven rows; dead ones on the page make room for the next.
  fillfactor = 70,
  -- A night changes one dealer's items, a few of a hundred in a table of many dealers. By the
  -- defaults (a fifth, a tenth) dead rows would pile up for weeks before they make room, and the
  -- planner would not hear of a new dealer's 78,000 items among a million.
  autovacuum_vacuum_scale_factor = 0.02,
  autovacuum_analyze_scale_factor = 0.02,
  -- New items wait in the GIN indexes' pending lists, which every search reads through, until a
  -- vacuum sorts them in.
  autovacuum_vacuum_insert_scale_factor = 0.02
);

-- What an import matches contacts by: the rungs of import_internal.contact_rungs (26_contacts.sql), of
-- which a table has those that it has the columns for. md5 bounds the key, for a name may be longer
-- than an index takes (2,704 bytes). Sorted by age, for no key is unique: the oldest contact of any
-- number comes first. "least" of one value is the value, but no index by age alone is sorted by it, to
-- be read from the beginning.
create index contacts_import_legacy_number_idx on public.contacts (
  md5(organization_id || chr(31) || legacy_number::text), least(created_at), id);
create index contacts_import_email_idx on public.contacts (
  md5(organization_id || chr(31) || email::text), least(created_at), id);
create index contacts_import_account_owner_number_idx on public.contacts (
  md5(organization_id || chr(31) || lower(account_owner_number::text) || chr(31) || name::text),
  least(created_at), id);
create index contacts_import_company_idx on public.contacts (
  md5(organization_id || chr(31) || name::text || chr(31) || company::text), least(created_at), id);

-- Exports read pages by key, so that a row which is edited meanwhile is neither left out nor given twice.
create index inventory_export_idx on public.inventory (organization_id, id);
create index contacts_export_idx on public.contacts (organization_id, id);
create index bids_export_idx on public.bids (organization_id, id);
create index quotes_export_idx on public.quotes (organization_id, id);
grant select on public.quotes, public.organization_settings to service_role;
