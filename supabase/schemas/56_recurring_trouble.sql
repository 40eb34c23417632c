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
create function public.refusal_reasons(message text)
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
create function public.import_reasons(
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
    refused as materialized (
      select e.message, job.job_id, job.data_type, job.finished_at
      from job join public.import_errors e on e.job_id = job.job_id
    ),
    -- Most messages come many times; each is taken apart once.
    known as materialized (
      select one.message, public.refusal_reasons(one.message) as reasons
      from (select distinct r.message from refused r) as one
    ),
    -- By job first: counting the jobs of a reason would sort all of the rows.
    of_job as (
      select r.data_type, of_message.reason, r.job_id, r.finished_at, count(*) as rows
      from refused r
      join known on known.message = r.message
      cross join lateral unnest(known.reasons) as of_message (reason)
      group by r.data_type, of_message.reason, r.job_id, r.finished_at
    )
  select o.data_type, o.reason, sum(o.rows)::bigint, count(*), max(o.finished_at)
  from of_job o
  group by o.data_type, o.reason
  order by sum(o.rows) desc, o.data_type, o.reason
  limit most;
$$;

-- A file's name without what differs from one upload to the next: the part, a date with or without a
-- time, a browser's " (2)"; in small letters. stock_2026-11-27_part3.csv and Stock 20261126.csv are
-- stock.csv; a name of nothing else is ….csv.
create function public.file_series(file_name text)
returns text
language plpgsql immutable parallel safe security invoker set search_path = '' as $$
declare
  name constant text := lower(file_name);
  ending constant text := coalesce(substring(name from '\.[a-z0-9]{1,5}$'), '');
  stem text := left(name, char_length(name) - char_length(ending));
begin
  stem := regexp_replace(stem, '_part[0-9]+$', '');
  if stem like '%)' then
    stem := regexp_replace(stem, ' ?\([0-9]{1,3}\)$', '');
  end if;
  if stem ~ '(?:19|20)[0-9]{2}' then -- most names have no year, and this takes its time
    -- 2026-11-27, 20261127 or 27-11-2026; behind it 14:30, 143000 or T14-30-00.
    stem := regexp_replace(
      stem,
      '(?<![0-9])(?:(?:19|20)[0-9]{2}([-_. ]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12][0-9]|3[01])'
      || '|[0-3]?[0-9]([-_. ])[0-3]?[0-9]\2(?:19|20)[0-9]{2})'
      || '(?:[-_. t]?[0-2][0-9][-_.:h]?[0-5][0-9](?:[-_.:]?[0-5][0-9])?z?)?(?![0-9])',
      '', 'g');
  end if;
  stem := btrim(stem, ' -_.');
  return case when stem = '' then '…' else stem end || ending;
end $$;

-- Files whose imports failed twice or more, by their names' series. An upload that was cut into parts is
-- one: part numbers of one person's file that go up are of one upload, also where several failed. What
-- users deleted is not known any more. last_message: the first line of what the last failure said.
-- Arguments as of import_reasons.
create function public.import_failing_files(
  days integer default 30, time_zone text default 'UTC', of_organization text default null,
  most integer default 100)
returns table (
  organization_id text, data_type text, file text, uploads bigint, failures bigint,
  first_failed_at timestamptz, last_failed_at timestamptz, last_message text)
language sql stable security invoker set search_path = '' as $$
  with
    ended as materialized (
      -- A job that was tried again by an operator counts as it ended last.
      select distinct on (r.job_id) r.*
      from public.import_finished_runs r
      where r.kind = 'import' and r.is_end and r.file_name is not null
        and r.finished_at >= ((now() at time zone time_zone)::date - days + 1)::timestamp
                             at time zone time_zone
        and (of_organization is null or r.organization_id = of_organization)
      order by r.job_id, r.finished_at desc
    ),
    named as materialized (
      select one.file_name, public.file_series(one.file_name) as file,
             regexp_replace(one.file_name, '_part[0-9]+(?=\.[^.]*$|$)', '') as whole,
             substring(one.file_name from '_part([0-9]{1,9})(?:\.[^.]*)?$')::integer as part
      from (select distinct e.file_name from ended e) as one
    ),
    told as (
      select e.*, n.file, n.whole, n.part,
             count(*) filter (where e.outcome = 'failed') over (
               partition by e.organization_id, e.data_type, n.file) as failed_jobs
      from ended e join named n on n.file_name = e.file_name
    ),
    marked as (
      select told.*,
             told.part is null
             or told.part <= coalesce(lag(told.part) over of_file, told.part) as begins_an_upload
      from told
      where told.failed_jobs >= 2 -- most have none
      window of_file as (
        partition by told.organization_id, told.data_type, told.created_by, told.whole
        order by told.created_at, told.part, told.finished_at)
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
