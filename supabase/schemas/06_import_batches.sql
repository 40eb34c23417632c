-- The ledger: a batch is in it exactly when its rows are in the table, because both are written in
-- one transaction. Called twice for one range, a batch finds itself here and changes nothing.
-- Rows are numbered from 1 in the order of the file. Pruned when the job ends.
create table public.import_batches (
  job_id uuid not null references public.scheduled_jobs (id) on delete cascade,
  first_row integer not null,
  last_row integer not null,
  created integer not null default 0,
  updated integer not null default 0,
  unchanged integer not null default 0, -- part of updated
  removed integer not null default 0, -- part of updated
  failed integer not null default 0,
  -- Of a step behind the file's last row: items that the file lacks, and that became 0.
  zeroed integer not null default 0,
  primary key (job_id, first_row),
  constraint import_batches_range_not_empty check (1 <= first_row and first_row <= last_row)
);

-- Who may do what: ../policies/import_batches.sql.
-- import_batches: the worker's ledger. No user has anything to look for here, so there is no
-- policy and no grant to users at all.
alter table public.import_batches enable row level security;

revoke all on public.import_batches from public, anon, authenticated;
grant select, insert, update, delete on public.import_batches to service_role;
