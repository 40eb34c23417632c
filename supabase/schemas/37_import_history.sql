-- What was imported, for people: the CRM and the dashboard.

-- One row a job that somebody has begun to work on, exports and undos too; previews change nothing and
-- are left out, and rehearsals say that they are such. The newest run speaks for its job.
-- Users see their organization's jobs here: security_invoker, so the tables' policies decide.
create view public.import_history with (security_invoker = true) as
select
  j.id as job_id,
  j.organization_id,
  run.kind, -- import_runs.kind
  j.data_type,
  j.created_by,
  j.creator_name,
  j.file_name,
  j.scheduled_time,
  j.started_at,
  j.completed_at,
  extract(epoch from coalesce(j.completed_at, run.finished_at, now()) - j.started_at)::double precision
    as seconds,
  j.status,
  run.dry_run,
  run.row_count as rows,
  run.created as rows_created,
  run.updated - run.unchanged as rows_changed,
  run.unchanged as rows_unchanged,
  run.failed as rows_refused,
  run.unprocessed as rows_unprocessed,
  run.zeroed as items_zeroed, -- that the file lacked
  run.mapping,
  run.notes,
  j.error_message as message,
  run.failed_rows_path,
  -- Until when it can be undone; 'infinity' while change sets are kept for ever; NULL: not, or not any
  -- more, or it was.
  case when changes.not_undone > 0 then
    case when kept.days = -1 then 'infinity'
      else changes.oldest_at + make_interval(days => kept.days) end
  end as undo_until,
  changes.undo_job_id as undone_by, -- a job; NULL: none, or its change sets are not kept any more
  changes.undone_at
from public.scheduled_jobs j
cross join lateral (
  select * from public.import_runs r
  where r.job_id = j.id
  order by r.started_at desc
  limit 1) as run
cross join (
  select coalesce((select s.value::integer from public.import_settings s
                   where s.name = 'changes_days'), 30) as days) as kept
cross join lateral (
  select count(*) filter (where c.undone_at is null) as not_undone,
         min(c.changed_at) filter (where c.undone_at is null) as oldest_at,
         max(c.undone_at) as undone_at,
         (array_agg(c.undo_job_id order by c.undone_at desc)
           filter (where c.undone_at is not null))[1] as undo_job_id
  from public.import_changes c
  where c.job_id = j.id) as changes
where run.kind <> 'preview';

revoke all on public.import_history from public, anon, authenticated;
grant select on public.import_history to authenticated, service_role;

-- What imports did to one item, named by its id or its SKU, the newest first: "when did this price
-- change, and by which file?". One row a value that changed; one, without a field, where the item was
-- made or removed. Values are as they are stored: money in cents. row_number is the row's among those
-- of the file that count.
-- For users: they see what the policies of import_changes and inventory let them, which is their own
-- organization's.
-- No index holds the items of a change set, for that would cost each import a tenth of its speed: an
-- organization's change sets are looked through, 100 items at a glance, and only the item's are read.
create function public.item_history(item_id uuid default null, sku text default null)
returns table (
  changed_at timestamptz, job_id uuid, kind text, file_name text, creator_name text,
  row_number integer, happened text, field text, before jsonb, after jsonb)
language sql stable security invoker set search_path = ''
-- The planner takes a hundred ids for ten.
set jit = off
as $$
  with item as materialized (
    select i.id::text as id, i.organization_id
    from public.inventory i
    where i.id = item_history.item_id
    union
    select i.id::text, i.organization_id
    from public.inventory i
    where i.sku = item_history.sku
    union
    -- An item that is gone is known by its id.
    select item_history.item_id::text, p.organization_id
    from public.profiles p where p.id = (select auth.uid()) and item_history.item_id is not null
  ),
  touched as materialized (
    select item.id as item_id, c.*
    from item
    join public.import_changes c
      on c.organization_id = item.organization_id and c.data_type = 'inventory'
      and (c.updated_ids @> array[item.id] or c.created_ids @> array[item.id]
           or c.removed @> jsonb_build_array(jsonb_build_array(item.id)))
  ),
  event as (
    select t.id, t.created_rows[array_position(t.created_ids, t.item_id)] as row_number,
           'created' as happened, null::text as field, null::jsonb as before, null::jsonb as after
    from touched t where t.created_ids @> array[t.item_id]
    union all
    select t.id, (gone.value ->> 0)::integer, 'removed', null, null, null
    from touched t, jsonb_array_elements(t.removed) as gone
    where gone.value ->> 1 = t.item_id
    union all
    select t.id, here.number, 'changed', of_field.key, value.value -> 1, value.value -> 2
    from touched t
    cross join lateral (
      select t.updated_rows[array_position(t.updated_ids, t.item_id)] as number) as here
    cross join lateral jsonb_each(t.changes) as of_field
    cross join lateral jsonb_array_elements(of_field.value) as value
    where (value.value ->> 0)::integer = here.number
      and of_field.key not in ('search_keywords', 'keyword_version')
  )
  select t.changed_at, t.job_id, h.kind, j.file_name, j.creator_name, event.row_number,
         event.happened, event.field, event.before, event.after
  from event
  join touched t on t.id = event.id
  join public.scheduled_jobs j on j.id = t.job_id
  cross join lateral (
    select r.kind from public.import_runs r where r.job_id = j.id
    order by r.started_at desc limit 1) as h
  order by t.id desc, event.field nulls first;
$$;

revoke execute on function public.item_history(uuid, text) from public, anon, authenticated;
-- A user's question about a user's own items.
grant execute on function public.item_history(uuid, text) to authenticated, service_role;
