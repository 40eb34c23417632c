-- Undoing imports: a job like any other, file_data {"undo": {"job_ids": [...]}}. What it takes back
-- are change sets, the newest first; taking one back is one batch (*_undo_batches.sql).
-- An undo writes change sets of its own, so it can be undone as well.

-- A date as people of an organization say it.
create function import_internal.said_date(at timestamptz, organization_id text)
returns text
language sql stable security invoker set search_path = '' as $$
  select to_char(local, case when to_char(local, 'YYYY') = to_char(now(), 'YYYY')
                          then 'FMDD FMMonth' else 'FMDD FMMonth YYYY' end)
  from (select at at time zone import_internal.time_zone_of(organization_id)) as of_zone (local);
$$;

-- The jobs that an undo names, as its owner may name them: each once, in its organization. What is no
-- id, or another's, is as one that does not exist: NULL.
create function import_internal.named_jobs(run public.import_runs)
returns setof uuid
language sql stable security invoker set search_path = '' as $$
  select distinct t.id
  from public.scheduled_jobs j
  cross join lateral jsonb_array_elements_text(
    case when jsonb_typeof(j.file_data #> '{undo,job_ids}') = 'array'
      then j.file_data #> '{undo,job_ids}' else '[]' end) as named (id)
  left join public.scheduled_jobs t
    on t.id::text = lower(named.id) and t.organization_id = run.organization_id
  where j.id = run.job_id;
$$;

-- Why an undo may not take a job back, in a sentence; NULL: it may.
create function import_internal.undo_refusal(
  run public.import_runs, target public.scheduled_jobs)
returns text
language plpgsql stable security invoker set search_path = '' as $$
declare
  name constant text := coalesce(
    '"' || nullif(btrim(target.file_name), '') || '"',
    'The import of ' || import_internal.said_date(target.created_at, run.organization_id));
  asked_by constant uuid := (
    select j.created_by from public.scheduled_jobs j where j.id = run.job_id);
  did public.import_runs;
  kept record;
begin
  if not import_internal.is_admins_or_operators(asked_by, run.organization_id) and not exists (
    select from public.profiles p
    where p.id = asked_by and p.organization_id = run.organization_id
      and p.id = target.created_by)
  then
    return name || ' can be undone by whoever imported it, or by an admin of your organization.';
  elsif target.status in ('pending', 'processing') then
    return name || ' is not finished yet. Please wait, or cancel it first.';
  end if;

  select * into did from public.import_runs r
  where r.job_id = target.id order by r.started_at desc limit 1;
  if did.id is null then
    return name || ' was never started: there is nothing to undo.';
  elsif did.kind not in ('import', 'undo') then
    return name || ' is no import: there is nothing to undo.';
  elsif did.dry_run then
    return name || ' was a rehearsal, which changes nothing.';
  end if;

  select coalesce(sum(c.row_count), 0) as rows,
         count(*) filter (where c.undone_at is null) as left_over,
         max(c.undone_at) as undone_at,
         coalesce(bool_or(c.changed_at < now() - make_interval(
           days => nullif(import_internal.changes_days(), -1))), false) as is_old,
         bool_or(c.undone_at is null and u.status in ('pending', 'processing')) as is_being_undone
  into kept
  from public.import_changes c
  left join public.scheduled_jobs u on u.id = c.undo_job_id
  where c.job_id = target.id;
  if kept.is_being_undone then
    return name || ' is being undone by another job.';
  elsif kept.rows > 0 and kept.left_over = 0 then
    return name || ' was undone already on '
      || import_internal.said_date(kept.undone_at, run.organization_id) || '.';
  elsif kept.is_old or did.kind = 'import' and kept.rows < did.created + did.updated - did.unchanged
    or kept.rows = 0 and did.created + did.updated - did.unchanged > 0
  then
    return name || ' cannot be undone any more: what it changed is not kept that long.';
  elsif kept.rows = 0 then
    return name || ' changed nothing: there is nothing to undo.';
  end if;
  return null;
end $$;

-- Says what an undo is about to take back, and reserves it, so that no other undo does: change sets
-- that were not taken back yet, the newest first, their rows numbered through. A later attempt finds
-- the numbers of the first. The job row is touched to show the total.
-- Returns {"rows": how many, "batches": [[first_row, last_row], ...]}.
-- Errors: PT404, PT409, PT410; PT412 with a sentence for whoever asked, when it is refused.
create function public.begin_undo(run_id uuid)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  run public.import_runs := import_internal.hold_live_run_and_job(run_id);
  named uuid[];
  target public.scheduled_jobs;
  refusal text;
  plan jsonb;
begin
  if not exists (
    select from public.import_runs r where r.job_id = run.job_id and r.begun_at is not null)
  then
    named := array(select import_internal.named_jobs(run));
    if named = '{}' or array_position(named, null) is not null or run.job_id = any (named) then
      raise sqlstate 'PT412' using message =
        'What should be undone does not exist any more, or is not your organization''s.';
    end if;
    for target in
      select * from public.scheduled_jobs j where j.id = any (named) order by j.created_at, j.id
    loop
      refusal := import_internal.undo_refusal(run, target);
      if refusal is not null then
        raise sqlstate 'PT412' using message = refusal;
      end if;
    end loop;

    with numbered as (
      select c.id, sum(c.row_count) over (order by c.id desc) - c.row_count + 1 as first_row
      from public.import_changes c
      where c.job_id = any (named) and c.undone_at is null)
    update public.import_changes c
    set undo_job_id = run.job_id, undo_first_row = numbered.first_row
    from numbered
    where c.id = numbered.id;
  end if;

  select jsonb_build_object(
    'rows', coalesce(max(c.undo_first_row + c.row_count - 1), 0),
    'batches', coalesce(jsonb_agg(
      jsonb_build_array(c.undo_first_row, c.undo_first_row + c.row_count - 1)
      order by c.undo_first_row), '[]'))
  into plan
  from public.import_changes c
  where c.undo_job_id = run.job_id;

  update public.import_runs r
  set begun_at = clock_timestamp(), row_count = (plan ->> 'rows')::integer,
      time_zone = import_internal.time_zone_of(run.organization_id)
  where r.id = run.id;
  update public.scheduled_jobs j
  set progress = jsonb_build_object('current', 0, 'total', plan -> 'rows', 'percent', 0)
  where j.id = run.job_id and coalesce(j.progress -> 'total', '0') = '0';
  return plan;
end $$;

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on function public.begin_undo(uuid) from public, anon, authenticated;
grant execute on function public.begin_undo(uuid) to service_role;
