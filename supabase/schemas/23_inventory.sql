-- Items: matched by SKU within an organization.

-- The defaults that inventory's columns have in this database, which the migration did not
-- necessarily make: an absent cell is "left out of the write" (docs/FRONTEND.md), and one INSERT for
-- many rows cannot leave a column out for some of them.
create function import_internal.inventory_defaults()
returns public.inventory
language plpgsql stable security invoker set search_path = '' as $$
declare
  defaults public.inventory;
begin
  execute (
    select 'select ' || string_agg(
      case when a.attname in (
        'quantity', 'quantity_on_order', 'unit_price', 'cost', 'price_tier_1', 'price_tier_2',
        'price_tier_3', 'price_tier_4', 'price_tier_5', 'department_code', 'unit_of_measure')
      then coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), 'null') else 'null' end,
      ', ' order by a.attnum)
    from pg_catalog.pg_attribute a
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = 'public.inventory'::regclass and a.attnum > 0 and not a.attisdropped)
  into defaults;
  return defaults;
end $$;

-- Upserts items by SKU and returns what it changed. Each SKU stands in rows at most once.
-- A row without a name updates what is there. Refused are an unknown SKU without a name; in the mode
-- 'update' every unknown SKU; in the mode 'create' every known one.
--
-- A row with a text (name, description, category) and without search_keywords says that it changes
-- no text: keywords are a quarter of the worker's work and most of what it sends, and most items are
-- there as they are. Where that is not so of one of the rows, nothing is done and IMKEY is raised, with
-- how many there are: the worker calls again, with the keywords of all.
--
-- UPDATE first, then INSERT of what was not there, instead of ON CONFLICT DO UPDATE: only so does an
-- absent cell of a new item get the column's own default, and does an unchanged item cost no new
-- version and no lock.
-- What an item was before is read without a lock, and the update insists on that very version (xmin):
-- so the values before are those that it replaced, whoever saves the item meanwhile.
create function import_internal.upsert_inventory(
  run public.import_runs, rows jsonb, out refusals jsonb, out changed public.import_changes)
language plpgsql security invoker set search_path = ''
-- The planner does not know how fast this table grows: between two ANALYZEs it takes an organization
-- for some dozen rows and would read them all for each batch, or each item; and pooled connections would
-- keep the plan of an empty table. Leave it one way, each item by its id or by an index in the order of
-- SKUs: then the plan of an empty table is the right one, and is made once a connection instead of for
-- each batch, of whose time it was a tenth.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off set enable_sort = off
set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  organization constant text := run.organization_id;
  defaults public.inventory := import_internal.inventory_defaults();
  remaining jsonb := rows;
  kept_out jsonb;
  without_keywords integer;
  written public.import_changes;
  raced integer[];
begin
  refusals := '[]';
  for look in 1..10 loop
    with item as materialized (
      -- The organization through here, so that the planner takes it for as large as the average: of
      -- a new one it knows nothing, and any index that begins with it would look as good.
      select organization as organization_id, item.*
      from jsonb_to_recordset(remaining) as item (
        row_number integer, sku text, name text, description text, category text,
        quantity integer, quantity_on_order integer, unit_price integer, cost integer,
        price_tier_1 integer, price_tier_2 integer, price_tier_3 integer, price_tier_4 integer,
        price_tier_5 integer, department_code text, unit_of_measure text, search_keywords text)
      order by item.sku -- two batches never lock rows in opposite orders
    ),
    found as materialized (
      select item.*, known.id, known.version, known.was,
             item.search_keywords is null
               and num_nonnulls(item.name, item.description, item.category) > 0
               and not coalesce(known.has_these_texts, false) as needs_keywords,
             case
               when known.id is not null and run.mode = 'create'
                 then 'an item has this SKU already'
               when known.id is null and run.mode = 'update' then 'no item has this SKU'
               when known.id is null and item.name is null
                 then 'no item has this SKU, and a new one needs a name'
             end as problem
      from item
      left join lateral (
        select i.id, i.xmin as version,
               (i.name, i.description, i.category, i.keyword_version)
                 is not distinct from (coalesce(item.name, i.name), coalesce(item.description, i.description),
                    coalesce(item.category, i.category), 'kw_v1')
                 and i.search_keywords is not null as has_these_texts,
               -- The item as it was, if it is to become another one.
               case when
                 (i.name, i.description, i.category, i.quantity, i.quantity_on_order, i.unit_price,
                  i.cost, i.price_tier_1, i.price_tier_2, i.price_tier_3, i.price_tier_4,
                  i.price_tier_5, i.department_code, i.unit_of_measure, i.keyword_version)
                 is distinct from
                 (coalesce(item.name, i.name), coalesce(item.description, i.description),
                  coalesce(item.category, i.category), coalesce(item.quantity, i.quantity),
                  coalesce(item.quantity_on_order, i.quantity_on_order),
                  coalesce(item.unit_price, i.unit_price), coalesce(item.cost, i.cost),
                  coalesce(item.price_tier_1, i.price_tier_1),
                  coalesce(item.price_tier_2, i.price_tier_2),
                  coalesce(item.price_tier_3, i.price_tier_3),
                  coalesce(item.price_tier_4, i.price_tier_4),
                  coalesce(item.price_tier_5, i.price_tier_5),
                  coalesce(item.department_code, i.department_code),
                  coalesce(item.unit_of_measure, i.unit_of_measure),
                  case when item.name is null then i.keyword_version else 'kw_v1' end)
               then i end as was
        from public.inventory i
        -- By an order and not by `=`, with which any index that begins with the organization would look
        -- as good in an empty table: only one of the two columns has this order without a sort.
        where i.organization_id = item.organization_id and i.sku between item.sku and item.sku
        order by i.sku
        limit 1
      ) known on true
    ),
    -- All or nothing, as long as keywords are to come.
    needy as materialized (
      select count(*) as rows from found where found.needs_keywords and found.problem is null
    ),
    different as (
      select * from found
      where (found.was).id is not null and found.problem is null
        and (select needy.rows from needy) = 0
    ),
    updated as (
      update public.inventory i
      set name = coalesce(item.name, i.name),
          description = coalesce(item.description, i.description),
          category = coalesce(item.category, i.category),
          quantity = coalesce(item.quantity, i.quantity),
          quantity_on_order = coalesce(item.quantity_on_order, i.quantity_on_order),
          unit_price = coalesce(item.unit_price, i.unit_price),
          cost = coalesce(item.cost, i.cost),
          price_tier_1 = coalesce(item.price_tier_1, i.price_tier_1),
          price_tier_2 = coalesce(item.price_tier_2, i.price_tier_2),
          price_tier_3 = coalesce(item.price_tier_3, i.price_tier_3),
          price_tier_4 = coalesce(item.price_tier_4, i.price_tier_4),
          price_tier_5 = coalesce(item.price_tier_5, i.price_tier_5),
          department_code = coalesce(item.department_code, i.department_code),
          unit_of_measure = coalesce(item.unit_of_measure, i.unit_of_measure),
          -- The worker made the keywords of the item as it would be inserted. Where the file gave
          -- no name, description or category, the old ones stay, and so must the words that find
          -- them. It sends none for a row without all three; and to an item that had none before,
          -- those of a description alone would be no item's keywords.
          search_keywords = case
            when item.search_keywords is null
              or item.name is null
                and (i.search_keywords is null or i.keyword_version is distinct from 'kw_v1')
              then i.search_keywords
            when item.name is not null and item.description is not null
              and item.category is not null
              or i.search_keywords is null
              then string_to_array(item.search_keywords, ',')
            when coalesce(item.name, i.name) = i.name
              and coalesce(item.description, i.description) is not distinct from i.description
              and coalesce(item.category, i.category) is not distinct from i.category
              then i.search_keywords
            else array(
              select distinct keyword
              from unnest(
                i.search_keywords || string_to_array(item.search_keywords, ',')) keyword
              where item.category is not null
                or keyword not in ('uncategorized', 'uncategorizeds')
              order by keyword limit 96)
          end,
          keyword_version = case when item.name is null then i.keyword_version else 'kw_v1' end,
          keywords_generated_at = case
            when item.name is null or item.search_keywords is null
              then i.keywords_generated_at else now() end,
          updated_at = now()
      from different item
      -- Not i.id = item.id: see contacts_wave.
      where i.id = any (array[item.id]) and i.sku = item.sku and i.xmin = item.version
      returning item.row_number, i.id, item.was, i as now
    ),
    told as (
      select
        jsonb_agg(jsonb_build_array(row_number, (was).name, (now).name))
          filter (where (was).name is distinct from (now).name) as name,
        jsonb_agg(jsonb_build_array(row_number, (was).description, (now).description))
          filter (where (was).description is distinct from (now).description) as description,
        jsonb_agg(jsonb_build_array(row_number, (was).category, (now).category))
          filter (where (was).category is distinct from (now).category) as category,
        jsonb_agg(jsonb_build_array(row_number, (was).quantity, (now).quantity))
          filter (where (was).quantity is distinct from (now).quantity) as quantity,
        jsonb_agg(jsonb_build_array(row_number, (was).quantity_on_order, (now).quantity_on_order))
          filter (where (was).quantity_on_order is distinct from (now).quantity_on_order)
          as quantity_on_order,
        jsonb_agg(jsonb_build_array(row_number, (was).unit_price, (now).unit_price))
          filter (where (was).unit_price is distinct from (now).unit_price) as unit_price,
        jsonb_agg(jsonb_build_array(row_number, (was).cost, (now).cost))
          filter (where (was).cost is distinct from (now).cost) as cost,
        jsonb_agg(jsonb_build_array(row_number, (was).price_tier_1, (now).price_tier_1))
          filter (where (was).price_tier_1 is distinct from (now).price_tier_1) as price_tier_1,
        jsonb_agg(jsonb_build_array(row_number, (was).price_tier_2, (now).price_tier_2))
          filter (where (was).price_tier_2 is distinct from (now).price_tier_2) as price_tier_2,
        jsonb_agg(jsonb_build_array(row_number, (was).price_tier_3, (now).price_tier_3))
          filter (where (was).price_tier_3 is distinct from (now).price_tier_3) as price_tier_3,
        jsonb_agg(jsonb_build_array(row_number, (was).price_tier_4, (now).price_tier_4))
          filter (where (was).price_tier_4 is distinct from (now).price_tier_4) as price_tier_4,
        jsonb_agg(jsonb_build_array(row_number, (was).price_tier_5, (now).price_tier_5))
          filter (where (was).price_tier_5 is distinct from (now).price_tier_5) as price_tier_5,
        jsonb_agg(jsonb_build_array(row_number, (was).department_code, (now).department_code))
          filter (where (was).department_code is distinct from (now).department_code)
          as department_code,
        jsonb_agg(jsonb_build_array(row_number, (was).unit_of_measure, (now).unit_of_measure))
          filter (where (was).unit_of_measure is distinct from (now).unit_of_measure)
          as unit_of_measure,
        jsonb_agg(jsonb_build_array(
            row_number, (was).search_keywords, hash_array_extended((now).search_keywords, 0)))
          filter (where (was).search_keywords is distinct from (now).search_keywords)
          as search_keywords,
        jsonb_agg(jsonb_build_array(row_number, (was).keyword_version, (now).keyword_version))
          filter (where (was).keyword_version is distinct from (now).keyword_version)
          as keyword_version
      from updated
    ),
    absent as materialized (
      select *, gen_random_uuid() as new_id from found
      where id is null and problem is null and (select needy.rows from needy) = 0
    ),
    landed as (
      insert into public.inventory (
        id, organization_id, sku, name, description, category, quantity, quantity_on_order,
        unit_price, cost, price_tier_1, price_tier_2, price_tier_3, price_tier_4, price_tier_5,
        department_code, unit_of_measure, search_keywords, keyword_version,
        keywords_generated_at)
      select
        absent.new_id, absent.organization_id, absent.sku, absent.name,
        coalesce(absent.description, ''), coalesce(absent.category, 'Uncategorized'),
        coalesce(absent.quantity, defaults.quantity),
        coalesce(absent.quantity_on_order, defaults.quantity_on_order),
        coalesce(absent.unit_price, defaults.unit_price), coalesce(absent.cost, defaults.cost),
        coalesce(absent.price_tier_1, defaults.price_tier_1),
        coalesce(absent.price_tier_2, defaults.price_tier_2),
        coalesce(absent.price_tier_3, defaults.price_tier_3),
        coalesce(absent.price_tier_4, defaults.price_tier_4),
        coalesce(absent.price_tier_5, defaults.price_tier_5),
        coalesce(absent.department_code, defaults.department_code),
        coalesce(absent.unit_of_measure, defaults.unit_of_measure),
        string_to_array(absent.search_keywords, ','), 'kw_v1', now()
      from absent
      on conflict (organization_id, sku) do nothing
      returning id
    )
    select
      array(
        select absent.row_number from absent
        where (absent.new_id in (select landed.id from landed)) is true -- hashed, not joined
        order by absent.new_id),
      array(select landed.id::text from landed order by landed.id),
      array(select updated.row_number from updated order by updated.row_number),
      array(select updated.id::text from updated order by updated.row_number),
      (select jsonb_strip_nulls(to_jsonb(told)) from told),
      array(
        select absent.row_number from absent
        where absent.new_id not in (select landed.id from landed)
        union all
        select different.row_number from different
        where different.id not in (select updated.id from updated)),
      (select jsonb_object_agg(row_number, problem) from found where problem is not null),
      (select needy.rows from needy)
    into written.created_rows, written.created_ids, written.updated_rows, written.updated_ids,
         written.changes, raced, kept_out, without_keywords;
    if without_keywords > 0 then
      raise sqlstate 'IMKEY' using message = format(
        '%s rows need search keywords', without_keywords);
    end if;
    changed := import_internal.joined(changed, written);
    if kept_out is not null then
      refusals := refusals || import_internal.refusals_of(remaining, kept_out, 'sku');
    end if;
    if raced = '{}' then return; end if;
    -- A user saved one of these SKUs between our look and our write: look at that one again.
    remaining := (
      select jsonb_agg(entry) from jsonb_array_elements(remaining) as entry
      where (entry ->> 'row_number')::integer = any (raced));
  end loop;
  -- Nobody saves that often. A trigger of the CRM's does not store an item as it came.
  raise exception 'items are not stored as they came';
end $$;

-- A batch of items: rows are {"row_number", "sku", then only what was given, "search_keywords", a text
-- with commas between them}. Errors beside those of import_internal.apply_batch: IMKEY, see
-- upsert_inventory.
create function public.apply_inventory_batch(
  run_id uuid, first_row integer, last_row integer, rows jsonb, errors jsonb
) returns jsonb
language sql security invoker set search_path = '' as $$
  select import_internal.apply_batch(
    run_id, first_row, last_row, rows, errors, 'import_internal.upsert_inventory');
$$;

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on function
  public.apply_inventory_batch(uuid, integer, integer, jsonb, jsonb)
from public, anon, authenticated;
grant execute on function
  public.apply_inventory_batch(uuid, integer, integer, jsonb, jsonb)
to service_role;
