-- Rows that were refused: what is kept of them, and what people read.

-- A text for people, a file's contents in it perhaps: of each line at most 300 characters, none of
-- which moves a cursor, hides text or turns its direction.
create function import_internal.readable(message text)
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

-- What a person should read when the database refuses a row. No SQL, no value: those are in the row.
create function import_internal.refusal_message(state text, constraint_name text, column_name text)
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

-- The refusals of an upsert function, as try_rows gives them: of rows, those whose row_number is a key
-- of messages. at_fault: the field that decided.
create function import_internal.refusals_of(rows jsonb, messages jsonb, at_fault text)
returns jsonb
language sql immutable security invoker set search_path = '' as $$
  select coalesce(
    jsonb_agg(jsonb_build_object(
      'row', entry, 'field', at_fault, 'message', messages ->> (entry ->> 'row_number'))),
    '[]')
  from jsonb_array_elements(rows) as entry
  where messages ? (entry ->> 'row_number');
$$;

-- The first 10 refused rows, a line each, as the frontend shows them; then how many more.
create function import_internal.error_lines(job_id uuid, failed integer)
returns text
language plpgsql stable security invoker set search_path = '' as $$
begin
  return nullif(concat_ws(
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
end $$;

-- How many more errors are kept of a job: 10,000 in all.
create function import_internal.room_for_errors(job_id uuid)
returns integer
language sql stable security invoker set search_path = '' as $$
  select 10000 - count(*)::integer from (
    select from public.import_errors e where e.job_id = room_for_errors.job_id limit 10000) kept;
$$;

-- Keeps what was refused, up to 10,000 rows a job: errors as apply_batch takes them, refusals as
-- try_rows gives them.
create function import_internal.keep_errors(
  run public.import_runs, errors jsonb, refusals jsonb
) returns void
language plpgsql security invoker set search_path = '' as $$
declare
  room constant integer := import_internal.room_for_errors(run.job_id);
  records jsonb;
begin
  if room <= 0 then return; end if;
  if refusals <> '[]' then
    records := import_internal.records_of(run.job_id);
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
           coalesce(records -> (given.number - 1), refusal -> 'row' -> 'as_it_came',
                    refusal -> 'row')
    from jsonb_array_elements(refusals) as refusal
    cross join lateral (
      select coalesce((refusal -> 'row' ->> 'file_row')::integer,
                      (refusal -> 'row' ->> 'row_number')::integer) as number) as given
  ) as refused
  order by refused.number
  limit room;
end $$;

-- Keeps the 10,000 errors with the lowest row numbers. Batches in flight at once look before they
-- write, so together they may have kept a few too many.
create function import_internal.prune_errors(job_id uuid)
returns void
language sql security invoker set search_path = '' as $$
  delete from public.import_errors e
  where e.job_id = prune_errors.job_id
    and e.row_number > (
      select kept.row_number from public.import_errors kept
      where kept.job_id = prune_errors.job_id
      order by kept.row_number offset 9999 limit 1);
$$;
