-- What becomes of items that were set aside when SKUs were made unique (inventory_duplicates): a
-- chosen one is restored, the others are merged into the one that stayed. An operator does it:
-- python -m worker duplicates.
--
-- PT412 refuses what cannot be done; its message is for the operator.

insert into public.import_settings (name, value, description) values
  ('merged_days', '30', 'Days for which duplicates, of items and of contacts, can be restored after '
                        'they were merged. -1 keeps them for ever.');

-- The columns of a relation that a stored row can be written to: not generated ones, and none that
-- came after it was stored, which have their defaults.
create function import_internal.columns_in(relation regclass, stored jsonb)
returns text[]
language sql stable security invoker set search_path = '' as $$
  select array_agg(a.attname::text order by a.attnum)
  from pg_catalog.pg_attribute a
  where a.attrelid = relation and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    and stored ? a.attname::text;
$$;

-- Inserts a stored row as it was. Errors: whatever the database has against it.
create function import_internal.insert_stored(relation regclass, stored jsonb)
returns void
language plpgsql security invoker set search_path = '' as $$
declare
  columns constant text := (
    select string_agg(format('%I', name), ', ')
    from unnest(import_internal.columns_in(relation, stored)) as name);
begin
  execute format(
    'insert into %1$s (%2$s) overriding system value
     select %2$s from jsonb_populate_record(null::%1$s, $1)', relation, columns)
  using stored;
end $$;

-- Restores an item that was set aside. With new_sku as an item of its own, under that SKU. Without,
-- in the place of the one that stayed, which is set aside in its turn: done twice, all is as before.
-- Ids stay where they are, so whatever refers to the item that stayed goes on doing so.
-- Returns {"id", "sku"} of the item as it is now.
-- Errors: PT412 when there is no such duplicate, or the SKU is another item's.
create function public.restore_inventory_duplicate(
  organization_id text, duplicate_id uuid, new_sku text default null)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  duplicate public.inventory_duplicates;
  kept jsonb;
  columns text;
  broken text;
begin
  select * into duplicate from public.inventory_duplicates d
  where d.id = duplicate_id and d.organization_id = restore_inventory_duplicate.organization_id
  for update;
  if duplicate.id is null then
    raise sqlstate 'PT412' using message = format(
      'No item with the id %s is set aside for this organization.', duplicate_id);
  elsif btrim(new_sku) = '' then
    raise sqlstate 'PT412' using message = 'An item needs a SKU.';
  end if;

  if new_sku is null then
    execute 'select to_jsonb(i) from public.inventory i where i.id = $1 and i.organization_id = $2
             for update'
    into kept using duplicate.kept_id, duplicate.organization_id;
  end if;
  if kept is not null then
    select string_agg(format('%I', name), ', ') into columns
    from unnest(import_internal.columns_in('public.inventory', duplicate.item)) as name
    where name not in ('id', 'organization_id', 'sku');
    execute format(
      'update public.inventory i set (%1$s) = (
         select %1$s from jsonb_populate_record(null::public.inventory, $1)) where i.id = $2', columns)
    using duplicate.item, duplicate.kept_id;
    update public.inventory_duplicates d
    set item = kept || jsonb_build_object('id', d.id), moved_at = now(), merged_at = null
    where d.id = duplicate.id;
    return jsonb_build_object('id', duplicate.kept_id, 'sku', duplicate.sku);
  end if;

  begin
    perform import_internal.insert_stored(
      'public.inventory',
      duplicate.item || jsonb_build_object(
        'id', duplicate.id, 'sku', coalesce(new_sku, duplicate.sku)));
  exception when unique_violation then
    get stacked diagnostics broken = constraint_name;
    raise sqlstate 'PT412' using message = case broken
      when 'inventory_org_sku_key' then format(
        'The SKU %s is another item''s. Please name a free one.', coalesce(new_sku, duplicate.sku))
      else 'Another item has what must be unique of this one ("' || broken || '").' end;
  end;
  delete from public.inventory_duplicates d where d.id = duplicate.id;
  return jsonb_build_object('id', duplicate.id, 'sku', coalesce(new_sku, duplicate.sku));
end $$;

-- How a merge fills a column of an item that stayed (i) from one that was set aside (given): SQL, by
-- column. Only what is empty is filled, and not what means something where it is: an empty price
-- tier sells at retail, quantities are the ones that were counted last.
create function import_internal.fillings_of_inventory()
returns table (name text, filling text)
language sql stable security invoker set search_path = '' as $$
  select c.name, format('coalesce(%s, given.%I)', case
    when c.name = 'category' then 'nullif(nullif(i.category, ''''), ''Uncategorized'')'
    when c.type in ('text', 'character varying') then format('nullif(i.%I, '''')', c.name)
    else format('i.%I', c.name) end, c.name)
  from import_internal.columns_of('public.inventory') c
  where c.name not in ('id', 'organization_id', 'sku', 'name', 'quantity', 'quantity_on_order',
                       'created_at', 'created_by')
    and c.name not like 'price\_tier\_%'
    and c.name <> all (import_internal.derived_columns());
$$;

-- Merges items that were set aside into those that stayed, the newest first, at most `most` of them:
-- what the one that stayed lacks, it is given. They can be restored for merged_days more.
-- Returns how many; those whose item was deleted since wait for somebody to restore them.
create function public.merge_inventory_duplicates(organization_id text, most integer)
returns integer
language plpgsql security invoker set search_path = '' as $$
declare
  fills text;
  differs text;
  words text := '';
  duplicate record;
  merged integer := 0;
begin
  select string_agg(format('%I = %s', f.name, f.filling), ', '),
         string_agg(format('i.%I is distinct from %s', f.name, f.filling), ' or ')
  into fills, differs
  from import_internal.fillings_of_inventory() f;
  -- Too many words find an item still; the next import makes them anew.
  if exists (
    select from import_internal.columns_of('public.inventory') c
    where c.name = 'search_keywords' and c.type = 'text[]')
  then
    words := ', search_keywords = array(
      select distinct word from unnest(i.search_keywords || given.search_keywords) as word
      order by word limit 96)';
  end if;

  for duplicate in
    select d.id, d.kept_id, d.item
    from public.inventory_duplicates d
    where d.organization_id = merge_inventory_duplicates.organization_id and d.merged_at is null
      and exists (select from public.inventory i where i.id = d.kept_id)
    order by d.sku, coalesce(d.item ->> 'updated_at', d.item ->> 'created_at') desc nulls last, d.id
    limit most
    for update skip locked
  loop
    execute format(
      'update public.inventory i set %s %s
       from jsonb_populate_record(null::public.inventory, $1) as given
       where i.id = $2 and (%s)', fills, words, differs)
    using duplicate.item, duplicate.kept_id;
    update public.inventory_duplicates d set merged_at = now() where d.id = duplicate.id;
    merged := merged + 1;
  end loop;
  return merged;
end $$;

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on function
  public.restore_inventory_duplicate(text, uuid, text),
  public.merge_inventory_duplicates(text, integer)
from public, anon, authenticated;
grant execute on function
  public.restore_inventory_duplicate(text, uuid, text),
  public.merge_inventory_duplicates(text, integer)
to service_role;
