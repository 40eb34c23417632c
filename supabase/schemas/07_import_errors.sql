-- Rows that were refused, by the worker's parser or by the database. At most 10,000 a job, the rest
-- are only counted: a file of a million wrong rows is one mistake, not a million.
create table public.import_errors (
  job_id uuid not null references public.scheduled_jobs (id) on delete cascade,
  row_number integer not null, -- as the user sees it: the record's number, or the file's own row
  organization_id text not null, -- for the policy
  field text, -- NULL: the row as a whole, or several fields
  message text not null, -- the problem, without the row number
  "row" jsonb, -- as it came
  primary key (job_id, row_number)
);

-- Who may do what: ../policies/import_errors.sql.
-- import_errors: users see the refused rows of their organization's imports. Only the worker's
-- functions write.
alter table public.import_errors enable row level security;

revoke all on public.import_errors from public, anon, authenticated;
grant select on public.import_errors to authenticated;
grant select, insert, update, delete on public.import_errors to service_role;

create policy import_errors_select_own_organization on public.import_errors
  for select to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));
