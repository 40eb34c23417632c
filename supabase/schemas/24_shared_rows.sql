-- The rows of repeating jobs: kept once, whatever the number of occurrences that read them.
--
-- Only the job that a user inserted has its rows in file_data.records, where the frontend puts them.
-- Its finish copies them here, and every later occurrence reads them from here: its file_data has the
-- mapping, the options and all the rest, but no records. So a daily job stores its rows once and not
-- every day, and no open browser loads those of a job that waits.
-- Which occurrence has which rows says import_internal.repeats, which no user can write, and not
-- file_data, which a user could make name another organization's. Deleting or cancelling a job takes
-- nothing from the others; what nobody needs any more is pruned (*_pruning.sql).
create table import_internal.shared_rows (
  id uuid primary key default gen_random_uuid(),
  records jsonb not null,
  row_count integer not null,
  shared_at timestamptz not null default now()
);

alter table import_internal.shared_rows enable row level security;
revoke all on import_internal.shared_rows from public, anon, authenticated, service_role;
grant select, insert, delete on import_internal.shared_rows to service_role;

-- The rows that a job's next occurrence shall read: those that it has itself from the one before, else
-- a copy of its own records. NULL when it has none: its rows are in a file, say.
create function import_internal.share_rows(job_id uuid)
returns uuid
language plpgsql security invoker set search_path = '' as $$
declare
  rows_id uuid := (select r.rows_id from import_internal.repeats r where r.job_id = share_rows.job_id);
begin
  if rows_id is null then
    insert into import_internal.shared_rows (records, row_count)
    select own.records, jsonb_array_length(own.records)
    from (
      select j.file_data -> 'records' as records
      from public.scheduled_jobs j where j.id = share_rows.job_id
      offset 0) as own
    where jsonb_typeof(own.records) = 'array'
    returning id into rows_id;
  end if;
  return rows_id;
end $$;

-- A job's rows, as they came: its own, else those that it shares. NULL: there are none.
create function import_internal.records_of(job_id uuid)
returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
begin
  return coalesce(
    (select j.file_data -> 'records' from public.scheduled_jobs j where j.id = records_of.job_id),
    (select s.records
     from import_internal.repeats r
     join import_internal.shared_rows s on s.id = r.rows_id
     where r.job_id = records_of.job_id));
end $$;

-- How many rows a job shares with others; NULL: none.
create function import_internal.shared_row_count(job_id uuid)
returns integer
language plpgsql stable security invoker set search_path = '' as $$
begin
  return (
    select s.row_count
    from import_internal.repeats r
    join import_internal.shared_rows s on s.id = r.rows_id
    where r.job_id = shared_row_count.job_id);
end $$;
