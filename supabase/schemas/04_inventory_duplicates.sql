-- inventory_duplicates: what stood for the same item in inventory when SKUs were made unique. The newest
-- of each stayed; the others are here, whole, and restore_inventory_duplicates() puts them back.
create table public.inventory_duplicates (
  id uuid primary key, -- as it was in inventory
  organization_id text not null,
  sku text not null,
  kept_id uuid not null, -- the row of inventory that stayed
  moved_at timestamptz not null default now(),
  item jsonb not null, -- the row as it was, every column
  merged_at timestamptz -- when the item that stayed was given what it lacked; NULL: it waits
);
create index inventory_duplicates_org_sku_idx
  on public.inventory_duplicates (organization_id, sku);
create index inventory_duplicates_merged_idx
  on public.inventory_duplicates (merged_at) where merged_at is not null;

-- Moves duplicates out and makes the unique index. Returns how many rows moved.
-- Whoever refers to a row that moves (a foreign key, to whatever columns) is pointed at the one
-- that stays, or the DELETE would fail, or cascade.
-- Who may call it: the database owner alone.
create function public.move_inventory_duplicates() returns bigint
language plpgsql security invoker set search_path = '' as $$
declare
  reference record;
  moved bigint;
begin
  lock table public.inventory in share row exclusive mode;
  update public.inventory set sku = null where btrim(sku) = '';

  with ranked as (
    select i.id, first_value(i.id) over newest_first as kept_id,
           row_number() over newest_first as age_rank
    from public.inventory i
    where i.sku is not null
    window newest_first as (
      partition by i.organization_id, i.sku
      order by coalesce(i.updated_at, i.created_at) desc nulls last,
               i.created_at desc nulls last, i.id)
  )
  insert into public.inventory_duplicates (id, organization_id, sku, kept_id, item)
  select i.id, i.organization_id, i.sku, r.kept_id, to_jsonb(i)
  from ranked r
  join public.inventory i using (id)
  where r.age_rank > 1;
  get diagnostics moved = row_count;

  for reference in
    select c.conrelid::regclass as referencing_table,
           string_agg(format('%I = kept.%I', t.attname, i.attname), ', ') as kept_values,
           string_agg(format('t.%I = gone.%I', t.attname, i.attname), ' and ') as refers_to_gone
    from pg_catalog.pg_constraint c
    cross join unnest(c.conkey, c.confkey) as pair (referencing, referenced)
    join pg_catalog.pg_attribute t on t.attrelid = c.conrelid and t.attnum = pair.referencing
    join pg_catalog.pg_attribute i on i.attrelid = c.confrelid and i.attnum = pair.referenced
    where c.contype = 'f' and c.confrelid = 'public.inventory'::regclass
      and c.conparentid = 0 -- a partition's comes with its table's
    group by c.oid
  loop
    execute format(
      'update %s t set %s
       from public.inventory_duplicates d
       join public.inventory gone on gone.id = d.id
       join public.inventory kept on kept.id = d.kept_id
       where %s',
      reference.referencing_table, reference.kept_values, reference.refers_to_gone);
  end loop;

  delete from public.inventory i using public.inventory_duplicates d where i.id = d.id;

  if to_regclass('public.inventory_org_sku_key') is null then
    create unique index inventory_org_sku_key on public.inventory (organization_id, sku);
  end if;
  return moved;
end $$;
revoke execute on function public.move_inventory_duplicates()
  from public, anon, authenticated, service_role;

-- Undoes it: drops the unique index and puts every moved row back as it was, but for those of an
-- organization that was deleted since. The worker refuses to write inventory until
-- move_inventory_duplicates() has run again. Returns how many rows came back.
-- Who may call it: the database owner alone.
create function public.restore_inventory_duplicates() returns bigint
language plpgsql security invoker set search_path = '' as $$
declare
  -- A generated column makes itself again; one that came after the move has its default.
  columns constant text := (
    select string_agg(format('%I', a.attname), ', ' order by a.attnum)
    from pg_catalog.pg_attribute a
    where a.attrelid = 'public.inventory'::regclass and a.attnum > 0 and not a.attisdropped
      and a.attgenerated = ''
      and exists (select from public.inventory_duplicates d where d.item ? a.attname::text));
  restored bigint := 0;
begin
  lock table public.inventory in share row exclusive mode;
  drop index if exists public.inventory_org_sku_key;
  if columns is null then return restored; end if; -- nothing was moved

  execute format(
    'insert into public.inventory (%1$s) overriding system value
     select %1$s
     from (
       select item.*
       from public.inventory_duplicates d
       join public.organizations o on o.id = d.organization_id
       cross join lateral jsonb_populate_record(null::public.inventory, d.item) item) moved',
    columns);
  get diagnostics restored = row_count;
  delete from public.inventory_duplicates d using public.organizations o
  where o.id = d.organization_id;
  return restored;
end $$;
revoke execute on function public.restore_inventory_duplicates()
  from public, anon, authenticated, service_role;

-- Who may do what: ../policies/inventory_duplicates.sql.
-- inventory_duplicates: rows moved out of inventory. Users see their organization's, so that
-- nobody has to ask where an item went. Moving all of them in and out is the database owner's work;
-- one by one they are restored and merged by functions, which an operator calls with the secret key.
alter table public.inventory_duplicates enable row level security;

revoke all on public.inventory_duplicates from public, anon, authenticated, service_role;
grant select on public.inventory_duplicates to authenticated;
grant select, update, delete on public.inventory_duplicates to service_role;

create policy inventory_duplicates_select_own_organization on public.inventory_duplicates
  for select to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));
