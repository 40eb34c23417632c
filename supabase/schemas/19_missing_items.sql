-- A full list: items that a file lacks get the quantity 0 (options.missing "zero").
--
-- The worker lists the SKUs of the file's rows, also of those that are refused or replaced. What is
-- missing is settled then, before anything is written: an item that somebody adds meanwhile is not
-- touched. When the file's rows are applied, it goes to 0 in steps, each in one transaction with what
-- is left to do, the ledger and the change set: whatever dies, each item is done once.

-- Both are gone when the job ends. Here and not in public: PostgREST does not expose this schema.
create table import_internal.listed_items (
  job_id uuid not null references public.scheduled_jobs (id) on delete cascade,
  sku text not null,
  primary key (job_id, sku)
);
create table import_internal.missing_items (
  job_id uuid not null references public.scheduled_jobs (id) on delete cascade,
  item_id uuid not null,
  primary key (job_id, item_id)
);
alter table import_internal.listed_items enable row level security;
alter table import_internal.missing_items enable row level security;
revoke all on import_internal.listed_items, import_internal.missing_items
  from public, anon, authenticated, service_role;
grant select, insert, update, delete on import_internal.listed_items, import_internal.missing_items
  to service_role;

-- Notes SKUs of a run's file. Errors: PT404, PT409, PT410.
-- Returns {"listed": how many it was given}.
create function public.list_items(run_id uuid, skus text[])
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  run public.import_runs := import_internal.hold_live_run(run_id);
begin
  insert into import_internal.listed_items (job_id, sku)
  select distinct run.job_id, listed.sku from unnest(skus) as listed (sku)
  on conflict do nothing;
  return jsonb_build_object('listed', cardinality(skus));
end $$;

-- Settles which items of the organization the file lacks, of those that have a SKU and a quantity.
-- All of its SKUs are listed. Called again, also once rows have been written, it changes nothing.
-- Returns {"missing": how many}. Errors: PT404, PT409, PT410.
create function public.find_missing_items(run_id uuid)
returns jsonb
language plpgsql security invoker set search_path = ''
-- Nothing is known of what was listed a moment ago: let the planner hash it, and not look through all
-- of it for each item.
set enable_nestloop = off
as $$
declare
  run public.import_runs := import_internal.hold_live_run(run_id);
begin
  -- One at a time.
  perform from public.import_runs r where r.id = run.id for no key update;
  if not exists (select from public.import_batches b where b.job_id = run.job_id) then
    insert into import_internal.missing_items (job_id, item_id)
    select run.job_id, i.id
    from public.inventory i
    where i.organization_id = run.organization_id and i.quantity <> 0 and i.sku is not null
      and not exists (
        select from import_internal.listed_items l
        where l.job_id = run.job_id and l.sku = i.sku)
    on conflict do nothing;
  end if;
  return jsonb_build_object('missing', (
    select count(*) from import_internal.missing_items m where m.job_id = run.job_id));
end $$;

-- Sets the quantity of some of the missing items to 0, max_items at most, once all rows of the file
-- are applied. In the ledger they follow the file's last row.
-- Returns {"zeroed": how many so far, "left": how many are to come}.
-- Errors: PT404, PT409, PT410; 22023 when rows are not in the ledger.
create function public.zero_missing_items(run_id uuid, max_items integer)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  run public.import_runs := import_internal.hold_live_run(run_id);
  applied bigint;
  zeroed bigint;
  items uuid[];
  first_row integer;
  changed public.import_changes;
begin
  -- One step after the other: a call whose answer was lost may still be under way.
  perform from public.import_runs r where r.id = run.id for no key update;
  select coalesce(sum(b.last_row - b.first_row + 1) filter (where b.zeroed = 0), 0),
         coalesce(sum(b.zeroed), 0)
  into applied, zeroed
  from public.import_batches b where b.job_id = run.job_id;
  if run.dry_run or run.row_count is distinct from applied then
    raise invalid_parameter_value using message = 'not all rows have been applied';
  end if;

  with step as (
    delete from import_internal.missing_items m
    where m.job_id = run.job_id and m.item_id in (
      select next.item_id from import_internal.missing_items next
      where next.job_id = run.job_id order by next.item_id limit max_items)
    returning m.item_id)
  select array_agg(step.item_id) into items from step;

  first_row := run.row_count + 1 + zeroed;
  -- Locked first, and in order: so the quantities before are those that are replaced.
  with item as materialized (
    select i.id, i.quantity
    from public.inventory i
    where i.id = any (items) and i.organization_id = run.organization_id and i.quantity <> 0
    order by i.id
    for update
  ),
  numbered as (
    select item.*, (first_row - 1 + row_number() over (order by item.id))::integer as number
    from item
  )
  select array_agg(number order by number), array_agg(id::text order by number),
         jsonb_build_object('quantity', jsonb_agg(
           jsonb_build_array(number, quantity, 0) order by number))
  into changed.updated_rows, changed.updated_ids, changed.changes
  from numbered;

  if changed.updated_rows is not null then
    update public.inventory i set quantity = 0, updated_at = now()
    where i.id = any (changed.updated_ids::uuid[]);
    zeroed := zeroed + cardinality(changed.updated_rows);
    insert into public.import_batches (job_id, first_row, last_row, zeroed)
    values (run.job_id, first_row, run.row_count + zeroed, cardinality(changed.updated_rows));
    perform import_internal.keep_changes(run, first_row, changed);
  end if;
  return jsonb_build_object('zeroed', zeroed, 'left', (
    select count(*) from import_internal.missing_items m where m.job_id = run.job_id));
end $$;

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on function
  public.list_items(uuid, text[]), public.find_missing_items(uuid),
  public.zero_missing_items(uuid, integer)
from public, anon, authenticated;
grant execute on function
  public.list_items(uuid, text[]), public.find_missing_items(uuid),
  public.zero_missing_items(uuid, integer)
to service_role;
