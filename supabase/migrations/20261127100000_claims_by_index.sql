-- A claim that costs the same whatever the statistics say: two statements of it went through all that is
-- pending, or all organizations that wait, when the planner took both for few.

-- Sees to it that the claim looks at organizations whose job is processing while nobody runs it: the
-- lease ran out, or a browser left it behind. No trigger tells of that, and such jobs are few.
create or replace function import_internal.expect_abandoned(
  orphan_after_seconds integer, export_after_seconds integer)
returns void
language plpgsql security invoker set search_path = ''
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  insert into import_internal.waiting (organization_id, served_at, due_at)
  select j.organization_id,
         (select max(r.started_at) from public.import_runs r
          where r.organization_id = j.organization_id),
         min(j.scheduled_time)
  from (
    -- By an order that only the index of such jobs has without a sort. Else one that has the
    -- organizations' order serves the grouping, and every job that is pending is looked at.
    select p.organization_id, p.scheduled_time
    from public.scheduled_jobs p
    where p.status = 'processing'
    order by p.scheduled_time
    offset 0) as j
  where not exists (
      select from public.import_runs r
      where r.organization_id = j.organization_id and r.finished_at is null)
    and not exists (
      select from import_internal.waiting w
      where w.organization_id = j.organization_id and w.due_at <= j.scheduled_time)
    and (select n.id is not null
         from import_internal.next_job(
           j.organization_id, orphan_after_seconds, export_after_seconds) as n)
  group by j.organization_id;
end $$;

-- Moves an organization behind the others, as it was served just now. If it has several places, this
-- one takes over what the others stand for, but those that somebody relies on right now.
create or replace function import_internal.served(place uuid, run public.import_runs)
returns void
language plpgsql security invoker set search_path = '' as $$
begin
  with other as materialized (
    select w.id from import_internal.waiting w
    where w.organization_id = run.organization_id and w.id <> place
    for update skip locked
  ),
  gone as (
    -- Each by its id: joined, what is to be deleted may be looked for among all that wait.
    delete from import_internal.waiting w
    where w.id = any (array(select other.id from other))
    returning w.due_at
  )
  update import_internal.waiting w
  set served_at = run.started_at,
      due_at = least(w.due_at, (select min(gone.due_at) from gone))
  where w.id = place;
end $$;
