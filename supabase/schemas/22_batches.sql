-- A batch, exactly once: the fence, the ledger, the rows, those that the database refuses.

-- What the worker is told of a batch.
create function import_internal.counts_of(batch public.import_batches)
returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return jsonb_build_object(
    'created', batch.created, 'updated', batch.updated, 'unchanged', batch.unchanged,
    'failed', batch.failed);
end $$;

-- Enters a batch's counts in its line of the ledger, if it has one; what the worker is told of it.
create function import_internal.enter_counts(
  job_id uuid, first_row integer, counts public.import_batches)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
begin
  update public.import_batches b
  set (created, updated, unchanged, removed, failed)
    = (counts.created, counts.updated, counts.unchanged, coalesce(counts.removed, 0),
       counts.failed)
  where b.job_id = enter_counts.job_id and b.first_row = enter_counts.first_row;
  return import_internal.counts_of(counts);
end $$;

-- Enters a batch in the ledger. Returns NULL when it is new, else the counts it had when it was
-- applied. A second call for the same range waits here until the first has ended.
-- Errors: PT404, PT409, PT410; 22023 when it overlaps another batch of the job.
create function import_internal.open_batch(
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
    return import_internal.counts_of(known);
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

-- Cuts rows into pieces of 100, the size of a batch: where each depends on those before it, a rehearsal
-- takes many at once, and what they do is undone only behind the last.
create function import_internal.pieces(rows jsonb)
returns jsonb[]
language sql immutable security invoker set search_path = '' as $$
  select coalesce(array_agg(piece order by place), '{}')
  from (
    select (place - 1) / 100 as place, jsonb_agg(value order by place) as piece
    from jsonb_array_elements(rows) with ordinality as of_rows (value, place)
    group by (of_rows.place - 1) / 100) as cut;
$$;

-- Tries to write rows with an upsert function, which returns what it changed, as a change set, and as
-- refusals the rows that the run's mode keeps out: [{"row", "field", "message"}, ...]. In a rehearsal
-- all of it is undone again, and only what it returned is left.
-- Returns the same, the refusals with those rows that raised something. A refused row does not take
-- its neighbours along.
create function import_internal.try_rows(
  run public.import_runs, rows jsonb, upsert regproc,
  out refusals jsonb, out changed public.import_changes)
language plpgsql security invoker set search_path = '' as $$
declare
  call constant text := format('select refusals, changed from %s($1, $2)', upsert);
  piece jsonb;
  entry jsonb;
  attempt record;
  broken_constraint text;
  broken_column text;
begin
  refusals := '[]';
  -- The rehearsal's own end; what plpgsql's variables hold survives it.
  begin
    foreach piece in array case when run.dry_run then import_internal.pieces(rows) else array[rows] end
    loop
      begin
        execute call into attempt using run, piece;
        refusals := refusals || attempt.refusals;
        changed := import_internal.joined(changed, attempt.changed);
      exception
        when data_exception or integrity_constraint_violation or program_limit_exceeded
          or raise_exception then
        -- The database refuses at least one of them. Find out which: each row by itself.
        for entry in select value from jsonb_array_elements(piece) loop
          begin
            execute call into attempt using run, jsonb_build_array(entry);
            refusals := refusals || attempt.refusals;
            changed := import_internal.joined(changed, attempt.changed);
          exception
            when data_exception or integrity_constraint_violation or program_limit_exceeded
              or raise_exception then
            get stacked diagnostics
              broken_constraint = constraint_name, broken_column = column_name;
            refusals := refusals || jsonb_build_object(
              'row', entry, 'field', nullif(broken_column, ''),
              'message', import_internal.refusal_message(
                sqlstate, broken_constraint, broken_column));
          end;
        end loop;
      end;
    end loop;
    if run.dry_run then
      raise sqlstate 'IMDRY';
    end if;
  exception when sqlstate 'IMDRY' then
    null;
  end;
end $$;

-- Applies one batch in one transaction: the fence, the ledger, the upsert, the errors. Every row of
-- first_row..last_row (1-based, inclusive, blank rows not counted) stands exactly once
--   in rows, parsed: {"row_number", then what the upsert function takes}, or {"row_number",
--     "superseded_by"} when a later row of the file has the same key, which counts as updated;
--   or in errors, refused: {"row_number", "field", "message", "row"}.
-- Both may carry "file_row", the row's number as the user sees it, where that is another one; and rows
-- "as_it_came", to be kept with the error should the row be refused here.
-- upsert is the data type's function: (run public.import_runs, rows jsonb) → the refusals, and what it
-- changed: try_rows. A rehearsal keeps no change set, for it changed nothing, but what it would have
-- been. One that comes before the judgement is not in the ledger either.
-- A row that the database refuses becomes an error too, while its neighbours still land.
-- Called twice for one range, it changes nothing the second time.
-- Returns {"created", "updated", "unchanged" (part of updated: nothing was written), "failed"}.
-- Errors: PT404, PT409, PT410; 22023 when a row number is missing, doubled or out of range, or the
-- range overlaps another batch.
create function import_internal.apply_batch(
  run_id uuid, first_row integer, last_row integer, rows jsonb, errors jsonb, upsert regproc
) returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  run public.import_runs := import_internal.hold_live_run(run_id);
  is_judged_first constant boolean := import_internal.is_judged_first(run);
  known jsonb := case
    when is_judged_first then import_internal.open_rehearsal(run.job_id, first_row, last_row)
    else import_internal.open_batch(run.job_id, first_row, last_row) end;
  attempt record;
  refusals jsonb;
  changed public.import_changes;
  counts public.import_batches;
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

  run.dry_run := run.dry_run or is_judged_first;
  attempt := import_internal.try_rows(
    run, jsonb_path_query_array(rows, '$[*] ? (!exists (@.superseded_by))'), upsert);
  refusals := attempt.refusals;
  changed := attempt.changed;
  counts.failed := jsonb_array_length(errors) + jsonb_array_length(refusals);
  if counts.failed > 0 then
    perform import_internal.keep_errors(run, errors, refusals);
  end if;
  if not run.dry_run then
    perform import_internal.keep_changes(run, first_row, changed);
  end if;

  counts.first_row := first_row;
  counts.last_row := last_row;
  counts.created := coalesce(cardinality(changed.created_rows), 0);
  counts.updated := last_row - first_row + 1 - counts.created - counts.failed;
  counts.unchanged := counts.updated - coalesce(cardinality(changed.updated_rows), 0);
  if run.dry_run then
    perform import_internal.keep_rehearsal(run, rows, changed, counts);
  end if;
  -- Which has no line for it before the judgement.
  return import_internal.enter_counts(run.job_id, first_row, counts);
end $$;
