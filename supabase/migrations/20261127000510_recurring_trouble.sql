-- Analytics, the other half: what goes wrong again and again. Why rows are refused, and which files fail.

-- Why a row was refused, without what was in the row: unit_price "call" is not a number and
-- unit_price "tba" is not a number are one reason, unit_price "…" is not a number. A message that names
-- several problems gives each, without repeating one. What goes:
--   the cell, which the worker quotes behind the field's name, or writes plainly where it is no text;
--   lengths, months and rows that are counted, for they differ from row to row; limits stay;
--   of a row that could not be divided, all but the first clause: how it begins is in the rest.
-- What the database calls its rules stays in its quotation marks. A cell that goes on like a message
-- itself (5" is not a number) may make a reason of its own: nothing in a message tells the two apart.
-- Reads nothing, so anybody may be given it. The messages are those of worker/importing/values and of
-- *_refusals.sql; tests/integration/test_analytics.py puts all kinds of them through it.
create or replace function public.refusal_reasons(message text)
returns text[]
language plpgsql immutable parallel safe security invoker set search_path = '' as $$
declare
  reason text := message;
begin
  if starts_with(reason, 'the row ') then
    reason := substring(reason from '^.*?(?=[.;](?: |$)|, (?:from|and) | and would |$)');
    reason := replace(reason, '1 more filled cell ', '1 more filled cells ');
    return array[
      replace(regexp_replace(reason, '(?<![-\w])[0-9][0-9,]*( rows(?= below))?', '…', 'g'),
              'the … below it', 'the row below it')];
  end if;

  -- Most messages need little of this, and there may be 100,000.
  if reason like '%"%' then
    reason := regexp_replace(
      reason, '".*?"(?= (?:is|has|holds|stands|starts|may mean) | on;|, (?:not|but|write) )', '"…"', 'g');
  end if;
  -- A cell that is no text.
  if reason !~ '^\w+ (?:"…"|is )' or reason like '%; %' then
    reason := regexp_replace(
      reason,
      '(^|; )(\w+|the record is) '
      || '(?:-?[0-9][0-9.e+-]*|-?Infinity|NaN|true|false|null|a list|an object|the number)'
      || '(?= (?:is|has|holds|stands|starts|may mean) |, not )',
      '\1\2 "…"', 'g');
  end if;
  if reason like '%characters long%' then
    reason := regexp_replace(reason, 'is [0-9][0-9,]* characters long', 'is … characters long', 'g');
  end if;
  if reason like '%has no month%' then
    reason := regexp_replace(reason, 'has no month [0-9]+', 'has no month …', 'g');
  end if;
  if reason not like '%; %' then
    return array[reason];
  end if;
  -- The next problem begins with its field.
  return array(
    select distinct problem
    from regexp_split_to_table(reason, '; (?=\w+ (?:"…"|is (?:missing|…)))') as problem);
end $$;

-- Refused rows of imports by reason, the most frequent first: in how many rows and jobs, and when last.
-- A row with two problems is in two lines. Of the rows that are kept: 10,000 a job, for 30 days unless
-- errors_days says otherwise. Arguments as of import_figures; most: how many lines.
create or replace function public.import_reasons(
  days integer default 30, time_zone text default 'UTC', of_organization text default null,
  most integer default 100)
returns table (
  data_type text, reason text, rows bigint, jobs bigint, last_at timestamptz)
language sql stable security invoker set search_path = '' as $$
  with
    job as materialized (
      -- Tried again, a job has the refusals of its last run alone.
      select r.job_id, r.data_type, max(r.finished_at) as finished_at
      from public.import_finished_runs r
      where r.kind = 'import' and r.is_end
        and r.finished_at >= ((now() at time zone time_zone)::date - days + 1)::timestamp
                             at time zone time_zone
        and (of_organization is null or r.organization_id = of_organization)
      group by r.job_id, r.data_type
    ),
    -- Most messages come many times; each is taken apart once.
    message as materialized (
      select e.message, job.job_id, job.data_type, job.finished_at, count(*) as rows
      from job join public.import_errors e on e.job_id = job.job_id
      group by e.message, job.job_id, job.data_type, job.finished_at
    ),
    taken_apart as materialized (
      select distinct_one.message, public.refusal_reasons(distinct_one.message) as reasons
      from (select distinct m.message from message m) as distinct_one
    )
  select m.data_type, of_message.reason, sum(m.rows)::bigint, count(distinct m.job_id),
         max(m.finished_at)
  from message m
  join taken_apart t on t.message = m.message
  cross join lateral unnest(t.reasons) as of_message (reason)
  group by m.data_type, of_message.reason
  order by sum(m.rows) desc, m.data_type, of_message.reason
  limit most;
$$;

-- A file's name without what differs from one upload to the next: the part, a date with or without a
-- time, a browser's " (2)"; in small letters. stock_2026-11-27_part3.csv and Stock 20261126.csv are
-- stock.csv; a name of nothing else is ….csv.
create or replace function public.file_series(file_name text)
returns text
language sql immutable parallel safe security invoker set search_path = '' as $$
  select case when named.stem = '' then '…' else named.stem end || named.ending
  from (
    select ending.of_file as ending,
      btrim(
        regexp_replace(
          regexp_replace(
            regexp_replace(
              left(lower(file_series.file_name),
                   char_length(file_series.file_name) - char_length(ending.of_file)),
              '_part[0-9]+$', ''),
            ' ?\([0-9]{1,3}\)$', ''),
          -- 2026-11-27, 20261127 or 27-11-2026; behind it 14:30, 143000 or T14-30-00.
          '(?<![0-9])(?:(?:19|20)[0-9]{2}([-_. ]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12][0-9]|3[01])'
          || '|[0-3]?[0-9]([-_. ])[0-3]?[0-9]\2(?:19|20)[0-9]{2})'
          || '(?:[-_. t]?[0-2][0-9][-_.:h]?[0-5][0-9](?:[-_.:]?[0-5][0-9])?z?)?(?![0-9])',
          '', 'g'),
        ' -_.') as stem
    from (
      select coalesce(substring(lower(file_series.file_name) from '\.[a-z0-9]{1,5}$'), '') as of_file
    ) as ending
  ) as named;
$$;

-- Files whose imports failed twice or more, by their names' series. An upload that was cut into parts is
-- one: part numbers of one person's file that go up are of one upload, also where several failed. What
-- users deleted is not known any more. last_message: the first line of what the last failure said.
-- Arguments as of import_reasons.
create or replace function public.import_failing_files(
  days integer default 30, time_zone text default 'UTC', of_organization text default null,
  most integer default 100)
returns table (
  organization_id text, data_type text, file text, uploads bigint, failures bigint,
  first_failed_at timestamptz, last_failed_at timestamptz, last_message text)
language sql stable security invoker set search_path = '' as $$
  with
    ended as (
      select r.*, public.file_series(r.file_name) as file,
             regexp_replace(r.file_name, '_part[0-9]+(?=\.[^.]*$|$)', '') as whole,
             substring(r.file_name from '_part([0-9]{1,9})(?:\.[^.]*)?$')::integer as part
      from public.import_finished_runs r
      where r.kind = 'import' and r.is_end and r.file_name is not null
        and r.finished_at >= ((now() at time zone time_zone)::date - days + 1)::timestamp
                             at time zone time_zone
        and (of_organization is null or r.organization_id = of_organization)
    ),
    marked as (
      select ended.*,
             part is null
             or part <= coalesce(lag(part) over of_file, part) as begins_an_upload
      from ended
      window of_file as (
        partition by ended.organization_id, ended.data_type, ended.created_by, ended.whole
        order by ended.created_at, ended.part, ended.finished_at)
    ),
    numbered as (
      select marked.*,
             concat_ws(' ', marked.created_by, marked.whole, count(*) filter (
               where marked.begins_an_upload) over (
                 partition by marked.organization_id, marked.data_type, marked.created_by, marked.whole
                 order by marked.created_at, marked.part, marked.finished_at)) as upload
      from marked
    )
  select n.organization_id, n.data_type, n.file, count(distinct n.upload),
         count(distinct n.upload) filter (where n.outcome = 'failed'),
         min(n.finished_at) filter (where n.outcome = 'failed'),
         max(n.finished_at) filter (where n.outcome = 'failed'),
         (array_agg(split_part(n.error_message, E'\n', 1) order by n.finished_at desc)
           filter (where n.outcome = 'failed'))[1]
  from numbered n
  group by n.organization_id, n.data_type, n.file
  having count(distinct n.upload) filter (where n.outcome = 'failed') >= 2
  order by 5 desc, max(n.finished_at) filter (where n.outcome = 'failed') desc, 1, 2, 3
  limit most;
$$;

-- New functions are everybody's by default.
revoke execute on function
  public.refusal_reasons(text), public.file_series(text),
  public.import_reasons(integer, text, text, integer),
  public.import_failing_files(integer, text, text, integer)
from public, anon, authenticated;
grant execute on function
  public.refusal_reasons(text), public.file_series(text),
  public.import_reasons(integer, text, text, integer),
  public.import_failing_files(integer, text, text, integer)
to authenticated, service_role;

notify pgrst, 'reload schema';
