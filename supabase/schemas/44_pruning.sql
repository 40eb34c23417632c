-- Nothing piles up: what is older than a setting says goes, in small steps (docs/PRUNING.md).
--
-- A kind of thing is one function, import_internal.prune_<kind>(after, most, dry_run): it goes on
-- where `after` says (NULL: from the start), looks at a page, removes at most some `most` things and
-- returns {"removed", "next": where to go on, or null at the end}. Each call is one transaction and
-- leaves nothing half done, so whoever dies between two has only to begin again. Several at once do
-- no harm. With dry_run it counts and removes nothing.
-- Never does anything go that is an unfinished job's: import_internal.over_since.

insert into public.import_settings (name, value, description) values
  ('records_days', '1', 'Days for which a job that is over keeps its rows (file_data.records). '
                        '-1 keeps them for ever.'),
  ('errors_days', '30', 'Days for which refused rows are kept after their job is over. '
                        '-1 keeps them for ever.'),
  ('runs_days', '365', 'Days for which each run is kept; then sums a day are left (import_daily). '
                       '-1 keeps them for ever.'),
  ('imports_files_days', '30', 'Days for which files in the bucket imports are kept: uploads after '
                               'the last job that read them is over, and refused rows. '
                               '-1 keeps them for ever.'),
  ('exports_files_days', '30', 'Days for which what an export wrote to the bucket exports is kept '
                               'after its job is over. -1 keeps it for ever.');

-- Before when things of a kind are too old: '-infinity' when they are kept for ever, and when the
-- setting is not there.
create function import_internal.kept_since(setting text)
returns timestamptz
language sql stable security invoker set search_path = '' as $$
  select case when days.given >= 0 then now() - make_interval(days => days.given)
           else '-infinity' end
  from (
    select coalesce(
      (select s.value::integer from public.import_settings s where s.name = kept_since.setting), -1)
      as given) as days;
$$;

-- Since when a job is over; NULL while it is not, and while a worker still has it in hand.
create function import_internal.over_since(job_id uuid)
returns timestamptz
language sql stable security invoker set search_path = '' as $$
  select coalesce(j.completed_at, j.created_at)
  from public.scheduled_jobs j
  where j.id = over_since.job_id and j.status in ('completed', 'failed', 'cancelled')
    and not exists (
      select from public.import_runs r where r.job_id = j.id and r.finished_at is null);
$$;

-- The rows of jobs that are over. Mapping, source and options stay, and how many rows there were
-- ("pruned_rows"). Each is an UPDATE of a job row, of which Realtime tells every open browser, once:
-- hence few a step.
create function import_internal.prune_records(after jsonb, most integer, dry_run boolean)
returns jsonb
language plpgsql security invoker set search_path = ''
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off
as $$
declare
  page constant integer := 1000;
  job record;
  looked integer := 0;
  removed integer := 0;
begin
  for job in
    select j.id, coalesce(j.completed_at, j.created_at) as at
    from public.scheduled_jobs j
    where j.status in ('completed', 'failed', 'cancelled')
      and coalesce(j.completed_at, j.created_at) < import_internal.kept_since('records_days')
      and (coalesce(j.completed_at, j.created_at), j.id) > (
        coalesce((after ->> 'at')::timestamptz, '-infinity'),
        coalesce((after ->> 'id')::uuid, '00000000-0000-0000-0000-000000000000'))
    order by coalesce(j.completed_at, j.created_at), j.id
    limit page
  loop
    looked := looked + 1;
    -- Locked and looked at anew: somebody may start it again right now.
    perform from public.scheduled_jobs j
    where j.id = job.id and import_internal.over_since(j.id) is not null
      and jsonb_typeof(j.file_data) = 'object' and j.file_data ? 'records'
    for no key update skip locked;
    continue when not found;
    removed := removed + 1;
    if not dry_run then
      update public.scheduled_jobs j
      set file_data = (j.file_data - 'records') || case
        when jsonb_typeof(j.file_data -> 'records') = 'array' then
          jsonb_build_object('pruned_rows', jsonb_array_length(j.file_data -> 'records'))
        else '{}' end
      where j.id = job.id and j.status in ('completed', 'failed', 'cancelled');
      exit when removed >= most;
    end if;
  end loop;
  return jsonb_build_object(
    'removed', removed,
    'next', case when looked = page or removed >= most and not dry_run
      then jsonb_build_object('at', job.at, 'id', job.id) end);
end $$;

-- Rows that occurrences of a repeating job shared, when the last of these that is left is over as
-- long as a job keeps its rows.
create function import_internal.prune_shared_rows(
  after jsonb, most integer, dry_run boolean)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  answer jsonb;
begin
  with looked as materialized (
    select s.id, s.shared_at from import_internal.shared_rows s
    where s.id > coalesce((after ->> 'id')::uuid, '00000000-0000-0000-0000-000000000000')
    order by s.id
    limit most
  ),
  old as materialized (
    select looked.id from looked
    where looked.shared_at < import_internal.kept_since('records_days')
      and not exists (
        select from import_internal.repeats r
        where r.rows_id = looked.id
          and (import_internal.over_since(r.job_id) < import_internal.kept_since('records_days'))
              is not true)
  ),
  gone as (
    delete from import_internal.shared_rows s using old where s.id = old.id and not dry_run
  )
  select jsonb_build_object(
    'removed', (select count(*) from old),
    'next', case when count(*) = most then
      jsonb_build_object('id', (select l.id from looked l order by l.id desc limit 1)) end)
  into answer
  from looked;
  return answer;
end $$;

-- Refused rows, from job to job.
create function import_internal.prune_errors(after jsonb, most integer, dry_run boolean)
returns jsonb
language plpgsql security invoker set search_path = ''
set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
  page constant integer := 1000;
  old_before constant timestamptz := import_internal.kept_since('errors_days');
  through uuid := coalesce((after ->> 'id')::uuid, '00000000-0000-0000-0000-000000000000');
  job uuid;
  of_this integer;
  removed integer := 0;
begin
  for looked in 1..page loop
    select e.job_id into job
    from public.import_errors e where e.job_id > through order by e.job_id limit 1;
    if not found then
      return jsonb_build_object('removed', removed, 'next', null);
    end if;
    if import_internal.over_since(job) < old_before then
      if dry_run then
        select count(*) into of_this from public.import_errors e where e.job_id = job;
      else
        delete from public.import_errors e
        where e.job_id = job and e.row_number = any (array(
          select oldest.row_number from public.import_errors oldest
          where oldest.job_id = job order by oldest.row_number limit most - removed));
        get diagnostics of_this = row_count;
      end if;
      removed := removed + of_this;
      exit when removed >= most and not dry_run; -- this job's others come with the next step
    end if;
    through := job;
  end loop;
  return jsonb_build_object('removed', removed, 'next', jsonb_build_object('id', through));
end $$;

-- Change sets, the oldest first; one that an undo is about to take back stays. Their ids rise with
-- time: where a page ends with one that is young enough, so is what follows.
create function import_internal.prune_changes(after jsonb, most integer, dry_run boolean)
returns jsonb
language plpgsql security invoker set search_path = ''
set enable_seqscan = off set enable_sort = off
as $$
declare
  old_before constant timestamptz := import_internal.kept_since('changes_days');
  answer jsonb;
begin
  with looked as materialized (
    select c.id, c.job_id, c.changed_at, c.undo_job_id, c.undone_at
    from public.import_changes c
    where c.id > coalesce((after ->> 'id')::bigint, -9223372036854775808)
    order by c.id
    limit most
  ),
  old as materialized (
    select looked.id from looked
    where looked.changed_at < old_before
      and import_internal.over_since(looked.job_id) is not null
      and not exists (
        select from public.scheduled_jobs j
        where j.id = looked.undo_job_id and looked.undone_at is null
          and j.status in ('pending', 'processing'))
  ),
  gone as (
    delete from public.import_changes c using old where c.id = old.id and not dry_run
  )
  select jsonb_build_object(
    'removed', (select count(*) from old),
    'next', case when count(*) = most then (
      select jsonb_build_object('id', last.id)
      from (select l.id, l.changed_at from looked l order by l.id desc limit 1) as last
      where last.changed_at < old_before) end)
  into answer
  from looked;
  return answer;
end $$;

-- Takes a step: what is 'records', 'shared_rows', 'errors', 'changes', 'runs', 'merged',
-- 'notifications' or 'files'.
-- Of 'files', the answer names those that shall go, and the worker removes them through Storage:
-- import_internal.prune_files. Errors: 22023 for anything else.
create function public.prune_imports(
  what text, after jsonb default null, most integer default 100, dry_run boolean default false)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
begin
  case what
    when 'records' then return import_internal.prune_records(after, most, dry_run);
    when 'shared_rows' then return import_internal.prune_shared_rows(after, most, dry_run);
    when 'errors' then return import_internal.prune_errors(after, most, dry_run);
    when 'changes' then return import_internal.prune_changes(after, most, dry_run);
    when 'runs' then return import_internal.prune_runs(after, most, dry_run);
    when 'merged' then return import_internal.prune_merged(after, most, dry_run);
    when 'notifications' then
      return import_internal.prune_notifications(after, most, dry_run);
    when 'files' then return import_internal.prune_files(after, most, dry_run);
    else raise invalid_parameter_value using message = format('nothing called %L is pruned', what);
  end case;
end $$;

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on function public.prune_imports(text, jsonb, integer, boolean)
from public, anon, authenticated;
grant execute on function public.prune_imports(text, jsonb, integer, boolean) to service_role;
