-- How a run ends: finished with its job, or the job given back.

-- Whether a run went through all of its rows, and none of them got in: none was created, none was
-- there already. People call that a failure.
create function import_internal.got_nothing_in(run public.import_runs)
returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return coalesce(run.created + run.updated = 0 and run.unprocessed = 0, false)
    and run.row_count is not null;
end $$;

-- How many of what, for people: "1,200 restored, 3 removed and 1 kept". NULL: none of any.
create function import_internal.undo_counts(run public.import_runs)
returns text
language sql immutable security invoker set search_path = '' as $$
  select regexp_replace(string_agg(
      to_char(part.count, 'FM999,999,999,990') || ' ' || part.what, ', ' order by part.place),
    ', ([^,]+ [a-z ]+)$', ' and \1')
  from (values (1, run.created, 'put in again'), (2, run.updated - run.removed, 'restored'),
               (3, run.removed, 'removed'), (4, run.failed, 'kept as they are')
  ) as part (place, count, what)
  where part.count > 0;
$$;

-- The first 10 records that an undo kept, a line each; then how many more.
create function import_internal.kept_lines(job_id uuid, kept integer)
returns text
language sql stable security invoker set search_path = '' as $$
  select nullif(concat_ws(
    E'\n',
    (select string_agg(import_internal.readable(first.message), E'\n' order by first.row_number)
     from (select e.row_number, regexp_replace(e.message, '\s+', ' ', 'g') as message
           from public.import_errors e
           where e.job_id = kept_lines.job_id
           order by e.row_number
           limit 10) first),
    case when kept > 10 then '… and ' || kept - 10 || ' more' end), '');
$$;

-- What a run that went through all of its rows found, in the words of the counts; NULL where the
-- job's record_count says it.
create function import_internal.summary_line(run public.import_runs)
returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case
    when run.kind = 'undo' then
      case when run.dry_run then 'Rehearsal: nothing was changed. It would be: '
        when import_internal.got_nothing_in(run) then 'Nothing was undone: ' else 'Undone: ' end
      || coalesce(import_internal.undo_counts(run), 'there is nothing to take back') || '.'
    when import_internal.got_nothing_in(run) then
      case when run.dry_run then 'Rehearsal: nothing would be imported: '
        else 'Nothing was imported: ' end
      || case run.failed
        when 0 then 'there are no rows to import.'
        when 1 then 'its only row is refused.'
        else 'all ' || to_char(run.failed, 'FM999,999,999,990') || ' rows are refused.' end
    when run.dry_run then format(
      'Rehearsal: nothing was written. %s rows would be created, %s updated and %s refused.',
      to_char(run.created, 'FM999,999,999,990'), to_char(run.updated, 'FM999,999,999,990'),
      to_char(run.failed, 'FM999,999,999,990'))
  end;
end $$;

-- What became, or would become, of items that the file lacks; NULL: nothing.
create function import_internal.missing_line(run public.import_runs)
returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return (
    select to_char(given.items, 'FM999,999,999,990')
      || case when given.items = 1 then ' item that the file lacks ' else ' items that the file lacks ' end
      || case when run.dry_run then 'would get' when given.items = 1 then 'has' else 'have' end
      || case when run.dry_run then ' the quantity 0.' else ' the quantity 0 now.' end
    from (select case when run.dry_run then (run.rehearsal #>> '{missing,items}')::integer
            else run.zeroed end as items) as given
    where given.items > 0);
end $$;

-- Ends a run and its job, all or nothing: counts from the ledger, record_count, error_message,
-- progress, completed_at, the next occurrence of a repeating job (*_repeating_jobs.sql), what its
-- file teaches (*_import_memory.sql), the run closed, the ledger pruned.
-- outcome: 'completed', 'failed' (with a message for the dealer) or 'cancelled'. A job that is called
-- 'completed' and of which nothing got in becomes 'failed': the CRM would say "Import Complete!". Its
-- first refusals are the reason, and the message, which may then say more (what was skipped).
-- failed_rows_path: where the refused rows lie in the bucket imports, if they do.
-- A rehearsal has written nothing: its record_count is 0, its counts are what would have been.
-- A job that a user cancelled stays as the user left it, whatever the outcome says: only its run
-- is closed. Called again after a lost answer, it returns the same.
-- Returns {"outcome", "created", "updated", "unchanged", "removed", "failed", "unprocessed",
-- "zeroed"}.
-- Errors: PT404, PT409; 22023 when it is called 'completed' while rows are missing in the ledger,
-- or items that the file lacks are still to become 0.
create function public.finish_import(
  run_id uuid, outcome text, message text default null, failed_rows_path text default null)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  locked record;
  job_status text;
  run public.import_runs;
  ending text := finish_import.outcome;
  is_through boolean; -- whether the run went through all rows
begin
  if ending not in ('completed', 'failed', 'cancelled') then
    raise invalid_parameter_value using message = format('unknown outcome %L', ending);
  end if;

  locked := import_internal.lock_to_end(run_id);
  run := locked.run;
  job_status := locked.job_status;
  if job_status = 'cancelled' then
    ending := 'cancelled';
  end if;
  is_through := ending = 'completed';

  if run.finished_at is null then
    run := import_internal.close_run(run.id, ending);
    if is_through and (run.row_count is null or run.unprocessed > 0) then
      raise invalid_parameter_value using message = format(
        '%s of %s rows are not in the ledger', run.unprocessed, coalesce(run.row_count::text, '?'));
    end if;
    if is_through and import_internal.got_nothing_in(run) then
      ending := 'failed';
      update public.import_runs r set outcome = ending where r.id = run.id returning * into run;
    end if;

    if is_through and run.dry_run and run.kind = 'import' then
      run := import_internal.keep_findings(run);
    elsif is_through and exists (
      select from import_internal.missing_items m where m.job_id = run.job_id)
    then
      raise invalid_parameter_value using message = 'items that the file lacks are not done';
    end if;

    if finish_import.failed_rows_path is not null then
      update public.import_runs r
      set failed_rows_path = finish_import.failed_rows_path where r.id = run.id;
    end if;
    if run.failed > 10000 then
      perform import_internal.prune_errors(run.job_id);
    end if;

    update public.scheduled_jobs j
    set status = ending,
        completed_at = coalesce(j.completed_at, now()),
        record_count = case when run.dry_run then 0 else run.created + run.updated end,
        error_message = case
          when is_through then nullif(concat_ws(
            E'\n',
            import_internal.summary_line(run),
            import_internal.missing_line(run),
            E'The guards of your organization would hold this import.\n' || (run.rehearsal ->> 'held'),
            case ending when 'failed' then import_internal.readable(finish_import.message) end,
            case run.kind when 'undo' then import_internal.kept_lines(run.job_id, run.failed)
              else import_internal.error_lines(run.job_id, run.failed) end), '')
          when ending = 'failed' then import_internal.readable(finish_import.message)
        end,
        progress = case
          when is_through then jsonb_build_object(
            'current', run.row_count, 'total', run.row_count, 'percent', 100)
          else j.progress
        end
    where j.id = run.job_id and job_status <> 'cancelled';

    perform import_internal.forget_batches(run.job_id);
    perform import_internal.learn_mapping(run); -- *_import_memory.sql
    perform import_internal.schedule_next_occurrence(run.job_id);
  elsif run.outcome <> ending
    and not (is_through and run.outcome = 'failed' and import_internal.got_nothing_in(run))
  then
    raise sqlstate 'PT409' using message = 'this run is over', detail = run.outcome;
  end if;

  return import_internal.result_of(run);
end $$;

-- Gives a job back: pending again, to be claimed at once (shutdown; retry_in is NULL) or after
-- retry_in seconds (the database was unwell). The ledger stays, so the next run goes on where this
-- one stopped. A shutdown is nobody's fault and does not count as an attempt; a retry does, and the
-- fifth ends the job as failed. Called again after a lost answer, it changes nothing.
-- Returns the job's status. Errors: PT404, PT409.
create function public.release_import(run_id uuid, retry_in double precision default null)
returns text
language plpgsql security invoker set search_path = '' as $$
declare
  locked record := import_internal.lock_to_end(run_id);
  job_status constant text := locked.job_status;
  run constant public.import_runs := locked.run;
  ending constant text := case when release_import.retry_in is null then 'released' else 'retried' end;
begin
  if run.finished_at is not null then
    if run.outcome = ending then return job_status; end if;
    raise sqlstate 'PT409' using message = 'this run is over', detail = run.outcome;
  elsif job_status = 'cancelled' then
    perform public.finish_import(run.id, 'cancelled');
    return job_status;
  elsif ending = 'retried' and run.attempt >= 5 then
    perform public.finish_import(run.id, 'failed', import_internal.gave_up_message(run.id));
    return 'failed';
  end if;

  perform import_internal.close_run(run.id, ending);
  update public.import_runs r
  set retry_at = now() + make_interval(secs => release_import.retry_in)
  where r.id = run.id and release_import.retry_in is not null;
  update public.scheduled_jobs j set status = 'pending' where j.id = run.job_id;
  return 'pending';
end $$;

-- What the dealer reads when a job was given up: a sentence, and an id for the operator.
create function import_internal.gave_up_message(run_id uuid)
returns text
language sql stable security invoker set search_path = '' as $$
  select case
    when r.kind = 'preview' then
      'The preview was started 5 times and could not be finished. Please split the file into '
      'smaller parts, or contact support and name run '
    when r.kind = 'undo' then
      'The undo was started 5 times and could not be finished. What was taken back before stays '
      'so. Please try again later, or contact support and name run '
    when r.kind = 'export' then
      'The export was started 5 times and could not be finished. Please try again later, or '
      'contact support and name run '
    else
      'The import was started 5 times and could not be finished. Rows that were imported '
      'before stay. Please split the file into smaller parts and upload the rest again, or '
      'contact support and name run '
    end || r.id || '.'
  from public.import_runs r where r.id = gave_up_message.run_id;
$$;

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on function
  public.finish_import(uuid, text, text, text),
  public.release_import(uuid, double precision)
from public, anon, authenticated;
grant execute on function
  public.finish_import(uuid, text, text, text),
  public.release_import(uuid, double precision)
to service_role;
