-- The job protocol: every state change of a job is one function here, called by the worker through
-- PostgREST, each call one transaction.
--
-- Who may call them: service_role alone (the grants are at the end). They run as their caller.
-- Lock order, everywhere: the job row, then its run, then the ledger.
--
-- How a call is refused (PostgREST turns PTnnn into the HTTP status nnn):
--   PT404  the job was deleted, and its run with it
--   PT409  the run is over: its lease ran out and the job is somebody else's now
--   PT410  the job was cancelled; only finish_import has something left to do
--   PT412  the file is not the one whose rows were applied before; the message is for the dealer

-- Helpers live in a schema that PostgREST does not expose.
create schema if not exists import_internal;
grant usage on schema import_internal to service_role;

-- Locks a live run for the length of this transaction and returns it.
-- KEY SHARE on both rows: batches of a run don't wait for each other nor for its progress report,
-- but a takeover, a finish and a delete wait for them, and the other way round.
-- Errors: PT404, PT409, PT410.
create or replace function import_internal.hold_live_run(run_id uuid)
returns public.import_runs
language plpgsql security invoker set search_path = '' as $$
declare
  job_status text;
  run public.import_runs;
begin
  select j.status into job_status
  from public.scheduled_jobs j
  where j.id = (select r.job_id from public.import_runs r where r.id = hold_live_run.run_id)
  for key share;
  select * into run from public.import_runs r where r.id = hold_live_run.run_id for key share;
  if run.id is null then
    raise sqlstate 'PT404' using message = 'the job of this run was deleted';
  elsif run.finished_at is not null then
    raise sqlstate 'PT409' using message = 'this run is over', detail = run.outcome;
  elsif job_status = 'cancelled' then
    raise sqlstate 'PT410' using message = 'the job was cancelled';
  elsif job_status <> 'processing' then
    raise sqlstate 'PT409' using message = 'the job is no longer processing', detail = job_status;
  end if;
  return run;
end $$;

-- Closes a run with what the ledger says of its job. The caller holds the run's row lock.
create or replace function import_internal.close_run(run_id uuid, outcome text)
returns public.import_runs
language sql security invoker set search_path = '' as $$
  with ledger as (
    select coalesce(sum(b.created), 0) as created, coalesce(sum(b.updated), 0) as updated,
           coalesce(sum(b.failed), 0) as failed
    from public.import_batches b
    where b.job_id = (select r.job_id from public.import_runs r where r.id = close_run.run_id)
  )
  update public.import_runs r
  set finished_at = now(),
      outcome = close_run.outcome,
      created = ledger.created,
      updated = ledger.updated,
      failed = ledger.failed,
      unprocessed = coalesce(r.row_count, 0) - least(
        coalesce(r.row_count, 0), ledger.created + ledger.updated + ledger.failed)
  from ledger
  where r.id = close_run.run_id
  returning r.*;
$$;

-- A text for people, a file's contents in it perhaps: of each line at most 300 characters, none of
-- which moves a cursor, hides text or turns its direction.
create or replace function import_internal.readable(message text)
returns text
language sql immutable security invoker set search_path = '' as $$
  select string_agg(
    case when char_length(line) > 300 then left(line, 299) || '…' else line end, E'\n' order by place)
  from (
    select btrim(regexp_replace(
             given,
             '[\u0001-\u0020\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+',
             ' ', 'g')) as line,
           place
    from regexp_split_to_table(message, E'\r?\n') with ordinality as split (given, place)
  ) as lines;
$$;

-- The first 10 refused rows, a line each, as the frontend shows them; then how many more.
create or replace function import_internal.error_lines(job_id uuid, failed integer)
returns text
language sql stable security invoker set search_path = '' as $$
  select nullif(concat_ws(
    E'\n',
    (select string_agg(
       import_internal.readable('Row ' || first.row_number || ': '
                                || regexp_replace(first.message, '\s+', ' ', 'g')),
       E'\n' order by first.row_number)
     from (select e.row_number, e.message
           from public.import_errors e
           where e.job_id = error_lines.job_id
           order by e.row_number
           limit 10) first),
    case when failed > 10 then '… and ' || failed - 10 || ' more' end), '');
$$;

-- What a rehearsal found, in the words of the counts.
create or replace function import_internal.rehearsal_line(run public.import_runs)
returns text
language sql immutable security invoker set search_path = '' as $$
  select format(
    'Rehearsal: nothing was written. %s rows would be created, %s updated and %s refused.',
    to_char(run.created, 'FM999,999,999,990'), to_char(run.updated, 'FM999,999,999,990'),
    to_char(run.failed, 'FM999,999,999,990'));
$$;

-- Keeps the 10,000 errors with the lowest row numbers. Batches in flight at once look before they
-- write, so together they may have kept a few too many.
create or replace function import_internal.prune_errors(job_id uuid)
returns void
language sql security invoker set search_path = '' as $$
  delete from public.import_errors e
  where e.job_id = prune_errors.job_id
    and e.row_number > (
      select kept.row_number from public.import_errors kept
      where kept.job_id = prune_errors.job_id
      order by kept.row_number offset 9999 limit 1);
$$;

-- Ends a run and its job, all or nothing: counts from the ledger, record_count, error_message,
-- progress, completed_at, the next occurrence of a repeating job (*_repeating_jobs.sql), the run
-- closed, the ledger pruned.
-- outcome: 'completed', 'failed' (with a message for the dealer) or 'cancelled'.
-- failed_rows_path: where the refused rows lie in the bucket imports, if they do.
-- A rehearsal has written nothing: its record_count is 0, its counts are what would have been.
-- A job that a user cancelled stays as the user left it, whatever the outcome says: only its run
-- is closed. Called again after a lost answer, it returns the same.
-- Returns {"outcome", "created", "updated", "failed", "unprocessed"}.
-- Errors: PT404, PT409; 22023 when it is called 'completed' while rows are missing in the ledger.
create or replace function public.finish_import(
  run_id uuid, outcome text, message text default null, failed_rows_path text default null)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  job_status text;
  run public.import_runs;
  ending text := finish_import.outcome;
begin
  if ending not in ('completed', 'failed', 'cancelled') then
    raise invalid_parameter_value using message = format('unknown outcome %L', ending);
  end if;

  select j.status into job_status
  from public.scheduled_jobs j
  where j.id = (select r.job_id from public.import_runs r where r.id = finish_import.run_id)
  for update;
  select * into run from public.import_runs r where r.id = finish_import.run_id for update;
  if run.id is null then
    raise sqlstate 'PT404' using message = 'the job of this run was deleted';
  end if;
  if job_status = 'cancelled' then
    ending := 'cancelled';
  end if;

  if run.finished_at is null then
    run := import_internal.close_run(run.id, ending);
    if ending = 'completed' and (run.row_count is null or run.unprocessed > 0) then
      raise invalid_parameter_value using message = format(
        '%s of %s rows are not in the ledger', run.unprocessed, coalesce(run.row_count::text, '?'));
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
        error_message = case ending
          when 'completed' then nullif(concat_ws(
            E'\n',
            case when run.dry_run then import_internal.rehearsal_line(run) end,
            import_internal.error_lines(run.job_id, run.failed)), '')
          when 'failed' then import_internal.readable(finish_import.message)
        end,
        progress = case ending
          when 'completed' then jsonb_build_object(
            'current', run.row_count, 'total', run.row_count, 'percent', 100)
          else j.progress
        end
    where j.id = run.job_id and job_status <> 'cancelled';

    delete from public.import_batches b where b.job_id = run.job_id;
    perform import_internal.schedule_next_occurrence(run.job_id);
  elsif run.outcome <> ending then
    raise sqlstate 'PT409' using message = 'this run is over', detail = run.outcome;
  end if;

  return jsonb_build_object(
    'outcome', run.outcome, 'created', run.created, 'updated', run.updated,
    'failed', run.failed, 'unprocessed', run.unprocessed);
end $$;

-- Gives a job back: pending again, to be claimed at once (shutdown; retry_in is NULL) or after
-- retry_in seconds (the database was unwell). The ledger stays, so the next run goes on where this
-- one stopped. A shutdown is nobody's fault and does not count as an attempt; a retry does, and the
-- fifth ends the job as failed. Called again after a lost answer, it changes nothing.
-- Returns the job's status. Errors: PT404, PT409.
create or replace function public.release_import(run_id uuid, retry_in double precision default null)
returns text
language plpgsql security invoker set search_path = '' as $$
declare
  job_status text;
  run public.import_runs;
  ending text := case when release_import.retry_in is null then 'released' else 'retried' end;
begin
  select j.status into job_status
  from public.scheduled_jobs j
  where j.id = (select r.job_id from public.import_runs r where r.id = release_import.run_id)
  for update;
  select * into run from public.import_runs r where r.id = release_import.run_id for update;
  if run.id is null then
    raise sqlstate 'PT404' using message = 'the job of this run was deleted';
  elsif run.finished_at is not null then
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
create or replace function import_internal.gave_up_message(run_id uuid)
returns text
language sql stable security invoker set search_path = '' as $$
  select 'The import was started 5 times and could not be finished. Rows that were imported '
         'before stay. Please split the file into smaller parts and upload the rest again, or '
         'contact support and name run ' || gave_up_message.run_id || '.';
$$;

-- An object in file_data that a worker is told of, NULL if there is none. The browser writes it: what
-- is over 1 MiB is nobody's mapping, and comes empty instead of stopping everybody's claims.
create or replace function import_internal.small_object(file_data jsonb, key text)
returns jsonb
language sql immutable security invoker set search_path = '' as $$
  select case when octet_length(given::text) > 1048576 then '{}' else given end
  from (select file_data -> key as given) as of_key
  where jsonb_typeof(given) = 'object';
$$;

-- What a worker is told of a job that it claimed: {"run_id", "job_id", "organization_id",
-- "data_type", "file_name", "attempt", "row_count" (null: file_data holds no records),
-- "mapping" (file column → field; null: there is none), "source" (where the file lies; null: there
-- is none), "options" (an object), "dry_run", "applied": [[first_row, last_row], ...] (what the
-- ledger holds from earlier attempts), "lease_seconds", "age_seconds" (since the row was inserted)}.
-- Never the records.
create or replace function import_internal.describe_claim(run public.import_runs)
returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object(
    'run_id', run.id, 'job_id', j.id, 'organization_id', j.organization_id,
    'data_type', j.data_type, 'file_name', j.file_name, 'attempt', run.attempt,
    'row_count', run.row_count,
    'mapping', import_internal.small_object(given.file_data, 'mapping'),
    'source', import_internal.small_object(given.file_data, 'source'),
    'options', coalesce(import_internal.small_object(given.file_data, 'options'), '{}'),
    'dry_run', run.dry_run,
    'lease_seconds', run.lease_seconds,
    'age_seconds', extract(epoch from now() - j.created_at),
    'applied', (
      select coalesce(jsonb_agg(jsonb_build_array(b.first_row, b.last_row) order by b.first_row),
                      '[]')
      from public.import_batches b where b.job_id = j.id))
  from public.scheduled_jobs j
  -- Without the records, which would else be decompressed for each key.
  cross join lateral (
    select case when jsonb_typeof(j.file_data) = 'object'
      then j.file_data - 'records' end as file_data
    offset 0) as given
  where j.id = run.job_id;
$$;

-- Takes due jobs for a worker: opens a run for each and sets the job to processing.
--
-- Due are: pending imports whose time has come and that wait for no retry; processing imports whose
-- lease ran out; and processing imports that no worker ever ran (the browser-side processor died
-- with its tab) once orphan_after_seconds have passed since their scheduled time.
-- At most one job an organization: its oldest, but one that killed two workers yields to the others.
-- Among organizations the one comes first that has waited longest since it was last served. Rows
-- that somebody else has locked are skipped, not waited for. A job whose fifth attempt died is
-- failed instead, and says so.
-- held: the runs that this worker knows it has. Others in its name are given to it again, because
-- the answer to the claim that opened them was lost; a worker_id must therefore be one process's
-- alone. NULL gives nothing again.
--
-- Returns {"jobs": [describe_claim, ...], "next_due_in": seconds until the next job or retry is due,
-- or null}.
create or replace function public.claim_import_jobs(
  worker_id text,
  lease_seconds integer,
  max_jobs integer,
  orphan_after_seconds integer default 900,
  held uuid[] default null
) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  dead record;
  due record;
  run public.import_runs;
  claimed jsonb := '[]';
begin
  -- Runs whose lease ran out. The job first: everybody locks in that order. FOR UPDATE, which skips
  -- a job with a batch in flight: failing the job needs it, and would wait for that batch here.
  for dead in
    select r.id, r.job_id, r.attempt
    from public.import_runs r
    join public.scheduled_jobs j on j.id = r.job_id
    where r.finished_at is null and r.lease_expires_at < now()
    order by r.lease_expires_at
    for update of j skip locked
  loop
    perform from public.import_runs r
    where r.id = dead.id and r.finished_at is null and r.lease_expires_at < now()
    for update skip locked;
    continue when not found;
    if dead.attempt >= 5 then
      perform public.finish_import(dead.id, 'failed', import_internal.gave_up_message(dead.id));
    else
      perform import_internal.close_run(dead.id, 'lease_expired');
    end if;
  end loop;

  -- Nothing is waited for while these rows are locked, so their jobs need not be locked first.
  for run in
    update public.import_runs r
    set lease_expires_at = now() + make_interval(secs => r.lease_seconds)
    where r.worker_id = claim_import_jobs.worker_id
      and r.finished_at is null and r.id <> all (held)
    returning r.*
  loop
    claimed := claimed || import_internal.describe_claim(run);
  end loop;

  for due in
    with candidate as (
      select distinct on (j.organization_id) j.id, j.organization_id, j.scheduled_time
      from public.scheduled_jobs j
      where j.job_type = 'import'
        and (
          (j.status = 'pending' and j.scheduled_time <= now()
           and not exists (
             select from public.import_runs r where r.job_id = j.id and r.retry_at > now()))
          or (j.status = 'processing'
              and (j.scheduled_time <= now() - make_interval(secs => orphan_after_seconds)
                   or exists (select from public.import_runs r where r.job_id = j.id))))
        and not exists (
          select from public.import_runs r
          where r.organization_id = j.organization_id and r.finished_at is null)
      order by
        j.organization_id,
        (select count(*) from public.import_runs r
         where r.job_id = j.id and r.outcome = 'lease_expired') >= 2,
        j.scheduled_time, j.created_at, j.id
    )
    select j.id, j.organization_id,
           (select case when jsonb_typeof(given.records) = 'array'
                     then jsonb_array_length(given.records) end
            -- Decompressed once; and here, where the sort does not carry it along.
            from (select j.file_data -> 'records' as records offset 0) as given) as row_count,
           coalesce(j.file_data -> 'options' -> 'dry_run' = 'true', false) as dry_run
    from candidate c
    join public.scheduled_jobs j on j.id = c.id and j.status in ('pending', 'processing')
    order by (select max(r.started_at) from public.import_runs r
              where r.organization_id = c.organization_id) nulls first,
             c.scheduled_time
    limit greatest(max_jobs - jsonb_array_length(claimed), 0)
    for no key update of j skip locked
  loop
    insert into public.import_runs
      (job_id, organization_id, attempt, worker_id, lease_seconds, lease_expires_at, row_count,
       dry_run)
    values (
      due.id, due.organization_id,
      1 + (select count(*) from public.import_runs r
           where r.job_id = due.id and r.outcome in ('lease_expired', 'retried')),
      claim_import_jobs.worker_id, claim_import_jobs.lease_seconds,
      now() + make_interval(secs => claim_import_jobs.lease_seconds), due.row_count, due.dry_run)
    -- Another worker was a moment faster with another job of this organization.
    on conflict (organization_id) where finished_at is null do nothing
    returning * into run;
    continue when not found;

    update public.scheduled_jobs j
    set status = 'processing',
        started_at = coalesce(j.started_at, now()),
        progress = coalesce(j.progress, jsonb_build_object(
          'current', 0, 'total', coalesce(due.row_count, 0), 'percent', 0))
    where j.id = due.id;

    claimed := claimed || import_internal.describe_claim(run);
  end loop;

  -- Nothing to do: sweep. A job that was cancelled between two attempts has no run left that would
  -- prune its ledger.
  if claimed = '[]' then
    delete from public.import_batches b
    using public.scheduled_jobs j
    where j.id = b.job_id and j.status not in ('pending', 'processing')
      and not exists (
        select from public.import_runs r where r.job_id = j.id and r.finished_at is null);
  end if;

  return jsonb_build_object(
    'jobs', claimed,
    'next_due_in', extract(epoch from least(
      (select j.scheduled_time
       from public.scheduled_jobs j
       where j.status = 'pending' and j.job_type = 'import' and j.scheduled_time > now()
       order by j.scheduled_time
       limit 1),
      (select min(r.retry_at) from public.import_runs r where r.retry_at > now())) - now()));
end $$;

-- A page of a job's records, as they came: row_count of them from the 1-based first_row on, fewer
-- at the end. Errors: PT404, PT409, PT410.
create or replace function public.read_job_records(run_id uuid, first_row integer, row_count integer)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  run public.import_runs := import_internal.hold_live_run(run_id);
  records jsonb := (
    select j.file_data -> 'records' from public.scheduled_jobs j where j.id = run.job_id);
begin
  if first_row = 1 and jsonb_typeof(records) = 'array'
    and jsonb_array_length(records) <= read_job_records.row_count
  then
    return records; -- most jobs are one page
  end if;
  return jsonb_path_query_array(
    coalesce(records, '[]'), '$[$first to $last]',
    jsonb_build_object('first', first_row - 1, 'last', first_row + read_job_records.row_count - 2));
end $$;

-- Says what a run is about to apply, once its rows are counted: row_count rows, by this mapping (file
-- column → field), with notes for the dealer, from this version of the file (NULL for records, which
-- cannot change). The job row is touched only when it shows another total.
-- Rows are known by their numbers: were the file another one than that of the batches in the ledger,
-- their numbers would mean other rows, and some would never be applied. Called again after a lost
-- answer, it does the same.
-- Returns the job's status. Errors: PT404, PT409, PT410; PT412 when the file has changed.
create or replace function public.begin_import(
  run_id uuid, row_count integer, mapping jsonb, notes text[], source_version text
) returns text
language plpgsql security invoker set search_path = '' as $$
declare
  run public.import_runs;
  applied integer;
  before public.import_runs;
begin
  -- As report_progress does: this locks the job harder than hold_live_run, so it comes first.
  perform from public.scheduled_jobs j
  where j.id = (select r.job_id from public.import_runs r where r.id = begin_import.run_id)
  for no key update;
  run := import_internal.hold_live_run(begin_import.run_id);

  select coalesce(sum(b.last_row - b.first_row + 1), 0) into applied
  from public.import_batches b where b.job_id = run.job_id;
  select * into before
  from public.import_runs r
  where r.job_id = run.job_id and r.begun_at is not null
  order by r.begun_at desc
  limit 1;
  if applied > 0 and before.id is not null
    and (before.row_count, before.source_version)
        is distinct from (begin_import.row_count, begin_import.source_version)
  then
    raise sqlstate 'PT412' using message =
      'The file changed while it was being imported. Rows that were imported before stay. '
      'Please upload it again.';
  end if;

  update public.import_runs r
  set begun_at = clock_timestamp(),
      row_count = begin_import.row_count,
      mapping = begin_import.mapping,
      notes = coalesce(begin_import.notes, '{}'),
      source_version = begin_import.source_version
  where r.id = run.id;
  update public.scheduled_jobs j
  set progress = jsonb_build_object(
    'current', applied, 'total', begin_import.row_count,
    'percent', case when begin_import.row_count > 0
      then least(100, 100 * applied::bigint / begin_import.row_count) else 100 end)
  where j.id = run.job_id
    and j.progress -> 'total' is distinct from to_jsonb(begin_import.row_count);
  return 'processing';
end $$;

-- Says that the run lives, which extends its lease, and what to show, which may be nothing new
-- (NULL). The job row is touched only when it would change: each UPDATE reloads every open browser.
-- Returns the job's status, by which the worker learns of a cancel. Errors: PT404, PT409.
create or replace function public.report_progress(run_id uuid, progress jsonb default null)
returns text
language plpgsql security invoker set search_path = '' as $$
declare
  run public.import_runs;
  job_status text;
begin
  -- The job first, as everywhere: a user who deletes it meanwhile locks it, then its run.
  perform from public.scheduled_jobs j
  where j.id = (select r.job_id from public.import_runs r where r.id = report_progress.run_id)
  for no key update;

  update public.import_runs r
  set lease_expires_at = now() + make_interval(secs => r.lease_seconds)
  where r.id = report_progress.run_id and r.finished_at is null
  returning * into run;
  if run.id is null then
    select * into run from public.import_runs r where r.id = report_progress.run_id;
    if run.id is null then
      raise sqlstate 'PT404' using message = 'the job of this run was deleted';
    end if;
    raise sqlstate 'PT409' using message = 'this run is over', detail = run.outcome;
  end if;

  update public.scheduled_jobs j
  set progress = report_progress.progress
  where j.id = run.job_id
    and j.status = 'processing'
    and report_progress.progress is not null
    and j.progress is distinct from report_progress.progress;
  select j.status into job_status from public.scheduled_jobs j where j.id = run.job_id;
  return job_status;
end $$;

-- Enters a batch in the ledger. Returns NULL when it is new, else the counts it had when it was
-- applied. A second call for the same range waits here until the first has ended.
-- Errors: PT404, PT409, PT410; 22023 when it overlaps another batch of the job.
create or replace function import_internal.open_batch(
  job_id uuid, first_row integer, last_row integer
) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  known public.import_batches;
begin
  insert into public.import_batches (job_id, first_row, last_row)
  values (open_batch.job_id, open_batch.first_row, open_batch.last_row)
  on conflict on constraint import_batches_pkey do nothing;
  if not found then
    select * into known from public.import_batches b
    where b.job_id = open_batch.job_id and b.first_row = open_batch.first_row;
  end if;
  if known.last_row = open_batch.last_row then
    return jsonb_build_object(
      'created', known.created, 'updated', known.updated, 'failed', known.failed);
  end if;
  if known.job_id is not null or exists (
    select from public.import_batches b
    where b.job_id = open_batch.job_id and b.first_row <> open_batch.first_row
      and b.first_row <= open_batch.last_row and b.last_row >= open_batch.first_row
  ) then
    raise invalid_parameter_value using message = format(
      'rows %s to %s overlap a batch that was applied', first_row, last_row);
  end if;
  return null;
end $$;

-- What a person should read when the database refuses a row. No SQL, no value: those are in the row.
create or replace function import_internal.refusal_message(state text, constraint_name text, column_name text)
returns text
language sql immutable security invoker set search_path = '' as $$
  select case
    when state = '23502' then column_name || ' must not be empty'
    when state = '23514' then 'the value breaks the rule "' || constraint_name || '"'
    when state = '23505' then 'another item has the same value where it must be unique ("'
                              || constraint_name || '")'
    when state = '22001' then 'a text is too long'
    when state = '22003' then 'a number is too large'
    else 'the database refused this row (code ' || state || ')'
  end;
$$;

-- The defaults that inventory's columns have in this database, which the migration did not
-- necessarily make: an absent cell is "left out of the write" (docs/FRONTEND.md), and one INSERT for
-- many rows cannot leave a column out for some of them.
create or replace function import_internal.inventory_defaults()
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

-- Upserts items by SKU and returns how many were created. Each SKU stands in rows at most once.
--
-- UPDATE first, then INSERT of what was not there, instead of ON CONFLICT DO UPDATE: only so does
-- coalesce(new, old) see the old value under its lock, does an absent cell of a new item get the
-- column's own default, and does an unchanged item cost no new version.
create or replace function import_internal.upsert_inventory(run public.import_runs, rows jsonb)
returns integer
language plpgsql security invoker set search_path = ''
-- The planner does not know how fast this table grows: between two ANALYZEs it takes an organization
-- for some dozen rows and would read them all for each batch, or each item. Leave it one way, each
-- item by the unique index; and let it plan each call anew, for pooled connections would keep the
-- plan of an empty table.
set plan_cache_mode = force_custom_plan
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  organization constant text := run.organization_id;
  defaults public.inventory := import_internal.inventory_defaults();
  missing integer;
  inserted integer;
  created integer := 0;
begin
  for look in 1..10 loop
    with item as materialized (
      -- The organization through here, so that the planner takes it for as large as the average: of
      -- a new one it knows nothing, and any index that begins with it would look as good.
      select organization as organization_id, item.*
      from jsonb_to_recordset(upsert_inventory.rows) as item (
        sku text, name text, description text, category text,
        quantity integer, quantity_on_order integer, unit_price integer, cost integer,
        price_tier_1 integer, price_tier_2 integer, price_tier_3 integer, price_tier_4 integer,
        price_tier_5 integer, department_code text, unit_of_measure text, search_keywords text)
      order by item.sku -- two batches never lock rows in opposite orders
    ),
    found as materialized (
      select item.*, known.id
      from item
      left join lateral (
        select i.id from public.inventory i
        where i.organization_id = item.organization_id and i.sku = item.sku
        limit 1 -- keeps the planner from turning this into a join
      ) known on true
    ),
    changed as (
      update public.inventory i
      set name = item.name,
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
          -- no description or category, the old ones stay, and so must the words that find them.
          search_keywords = case
            when item.description is not null and item.category is not null
              or i.search_keywords is null
              then string_to_array(item.search_keywords, ',')
            when item.name = i.name
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
          keyword_version = 'kw_v1',
          keywords_generated_at = now(),
          updated_at = now()
      from found item
      where i.id = item.id and i.sku = item.sku
        and ((i.name, i.description, i.category, i.quantity, i.quantity_on_order, i.unit_price,
              i.cost, i.price_tier_1, i.price_tier_2, i.price_tier_3, i.price_tier_4,
              i.price_tier_5, i.department_code, i.unit_of_measure, i.keyword_version)
             is distinct from
             (item.name, coalesce(item.description, i.description),
              coalesce(item.category, i.category), coalesce(item.quantity, i.quantity),
              coalesce(item.quantity_on_order, i.quantity_on_order),
              coalesce(item.unit_price, i.unit_price), coalesce(item.cost, i.cost),
              coalesce(item.price_tier_1, i.price_tier_1),
              coalesce(item.price_tier_2, i.price_tier_2),
              coalesce(item.price_tier_3, i.price_tier_3),
              coalesce(item.price_tier_4, i.price_tier_4),
              coalesce(item.price_tier_5, i.price_tier_5),
              coalesce(item.department_code, i.department_code),
              coalesce(item.unit_of_measure, i.unit_of_measure), 'kw_v1'))
    ),
    absent as (
      select * from found where id is null
    ),
    landed as (
      insert into public.inventory (
        organization_id, sku, name, description, category, quantity, quantity_on_order,
        unit_price, cost, price_tier_1, price_tier_2, price_tier_3, price_tier_4, price_tier_5,
        department_code, unit_of_measure, search_keywords, keyword_version,
        keywords_generated_at)
      select
        absent.organization_id, absent.sku, absent.name,
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
      returning 1
    )
    select (select count(*) from absent), (select count(*) from landed) into missing, inserted;

    created := created + inserted;
    -- A user saved one of these SKUs between our look and our insert: look again, and update it.
    if inserted = missing then return created; end if;
  end loop;
  -- Nobody saves that often. A trigger of the CRM's stores a row under another SKU than it came with.
  raise exception 'items are stored under other SKUs than their own';
end $$;

-- Tries to write rows with an upsert function. In a rehearsal all of it is undone again, and only the
-- count and the refusals come back.
-- Returns how many rows were created, and the rows that the database refused:
-- [{"row", "field", "message"}, ...]. A refused row does not take its neighbours along.
create or replace function import_internal.try_rows(
  run public.import_runs, rows jsonb, upsert regproc, out created integer, out refusals jsonb)
language plpgsql security invoker set search_path = '' as $$
declare
  call constant text := format('select %s($1, $2)', upsert);
  entry jsonb;
  landed integer;
  broken_constraint text;
  broken_column text;
begin
  refusals := '[]';
  -- The rehearsal's own end; what plpgsql's variables hold survives it.
  begin
    begin
      execute call into created using run, rows;
    exception
      when data_exception or integrity_constraint_violation or program_limit_exceeded
        or raise_exception then
      -- The database refuses at least one of them. Find out which: each row by itself.
      created := 0;
      for entry in select value from jsonb_array_elements(rows) loop
        begin
          execute call into landed using run, jsonb_build_array(entry);
          created := created + landed;
        exception
          when data_exception or integrity_constraint_violation or program_limit_exceeded
            or raise_exception then
          get stacked diagnostics
            broken_constraint = constraint_name, broken_column = column_name;
          refusals := refusals || jsonb_build_object(
            'row', entry, 'field', nullif(broken_column, ''),
            'message', import_internal.refusal_message(sqlstate, broken_constraint, broken_column));
        end;
      end loop;
    end;
    if run.dry_run then
      raise sqlstate 'IMDRY';
    end if;
  exception when sqlstate 'IMDRY' then
    null;
  end;
end $$;

-- Keeps what was refused, up to 10,000 rows a job: errors as apply_batch takes them, refusals as
-- try_rows gives them.
create or replace function import_internal.keep_errors(
  run public.import_runs, errors jsonb, refusals jsonb
) returns void
language plpgsql security invoker set search_path = '' as $$
declare
  room constant integer := 10000 - (
    select count(*) from (
      select from public.import_errors e where e.job_id = run.job_id limit 10000) kept);
  records jsonb;
begin
  if room <= 0 then return; end if;
  if refusals <> '[]' then
    records := (select j.file_data -> 'records' from public.scheduled_jobs j where j.id = run.job_id);
  end if;

  insert into public.import_errors (job_id, row_number, organization_id, field, message, "row")
  select run.job_id, refused.number, run.organization_id, refused.field, refused.message,
         refused."row"
  from (
    select coalesce(e.file_row, e.row_number) as number, e.field, e.message, e."row"
    from jsonb_to_recordset(errors) as e (
      row_number integer, file_row integer, field text, message text, "row" jsonb)
    union all
    select given.number, refusal ->> 'field', refusal ->> 'message',
           coalesce(records -> (given.number - 1), refusal -> 'row')
    from jsonb_array_elements(refusals) as refusal
    cross join lateral (
      select coalesce((refusal -> 'row' ->> 'file_row')::integer,
                      (refusal -> 'row' ->> 'row_number')::integer) as number) as given
  ) as refused
  order by refused.number
  limit room;
end $$;

-- Applies one batch in one transaction: the fence, the ledger, the upsert, the errors. Every row of
-- first_row..last_row (1-based, inclusive, blank rows not counted) stands exactly once
--   in rows, parsed: {"row_number", then what the upsert function takes}, or {"row_number",
--     "superseded_by"} when a later row of the file has the same key, which counts as updated;
--   or in errors, refused: {"row_number", "field", "message", "row"}.
-- Both may carry "file_row", the row's number as the user sees it, where that is another one.
-- upsert is the data type's function: (run public.import_runs, rows jsonb) → how many were created.
-- A row that the database refuses becomes an error too, while its neighbours still land.
-- Called twice for one range, it changes nothing the second time.
-- Returns {"created", "updated", "failed"}. Errors: PT404, PT409, PT410; 22023 when a row number is
-- missing, doubled or out of range, or the range overlaps another batch.
create or replace function import_internal.apply_batch(
  run_id uuid, first_row integer, last_row integer, rows jsonb, errors jsonb, upsert regproc
) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  run public.import_runs := import_internal.hold_live_run(run_id);
  known jsonb := import_internal.open_batch(run.job_id, first_row, last_row);
  size constant integer := last_row - first_row + 1;
  landed integer;
  refusals jsonb;
  refused integer;
begin
  if known is not null then
    return known;
  end if;
  if (select array_agg(number order by number) from (
        select (value ->> 'row_number')::integer as number from jsonb_array_elements(rows)
        union all
        select (value ->> 'row_number')::integer from jsonb_array_elements(errors)) given)
     is distinct from array(select generate_series(first_row, last_row))
  then
    raise invalid_parameter_value using message = format(
      'rows and errors do not hold each row from %s to %s once', first_row, last_row);
  end if;

  select t.created, t.refusals into landed, refusals
  from import_internal.try_rows(
    run, jsonb_path_query_array(rows, '$[*] ? (!exists (@.superseded_by))'), upsert) t;
  refused := jsonb_array_length(errors) + jsonb_array_length(refusals);
  if refused > 0 then
    perform import_internal.keep_errors(run, errors, refusals);
  end if;

  update public.import_batches b
  set created = landed, updated = size - landed - refused, failed = refused
  where b.job_id = run.job_id and b.first_row = apply_batch.first_row;
  return jsonb_build_object(
    'created', landed, 'updated', size - landed - refused, 'failed', refused);
end $$;

-- A batch of items: rows are {"row_number", "sku", "name", then only what was given,
-- "search_keywords", a text with commas between them}. The rest: import_internal.apply_batch.
create or replace function public.apply_inventory_batch(
  run_id uuid, first_row integer, last_row integer, rows jsonb, errors jsonb
) returns jsonb
language sql security invoker set search_path = '' as $$
  select import_internal.apply_batch(
    run_id, first_row, last_row, rows, errors, 'import_internal.upsert_inventory');
$$;

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on all functions in schema import_internal from public, anon, authenticated;
grant execute on all functions in schema import_internal to service_role;

revoke execute on function
  public.claim_import_jobs(text, integer, integer, integer, uuid[]),
  public.read_job_records(uuid, integer, integer),
  public.begin_import(uuid, integer, jsonb, text[], text),
  public.apply_inventory_batch(uuid, integer, integer, jsonb, jsonb),
  public.report_progress(uuid, jsonb),
  public.finish_import(uuid, text, text, text),
  public.release_import(uuid, double precision)
from public, anon, authenticated;
grant execute on function
  public.claim_import_jobs(text, integer, integer, integer, uuid[]),
  public.read_job_records(uuid, integer, integer),
  public.begin_import(uuid, integer, jsonb, text[], text),
  public.apply_inventory_batch(uuid, integer, integer, jsonb, jsonb),
  public.report_progress(uuid, jsonb),
  public.finish_import(uuid, text, text, text),
  public.release_import(uuid, double precision)
to service_role;

notify pgrst, 'reload schema';
