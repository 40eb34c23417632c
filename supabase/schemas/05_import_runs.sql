-- The worker's book-keeping: here, in import_batches and in import_errors. None of it is published
-- through Realtime: each UPDATE of a job row makes every open browser reload, so what people need not
-- see lives here.

-- One row an attempt at a job. The id is the fencing token: every call of a worker names its run,
-- and a run that was closed (its lease ran out, another worker took over) can write nothing more.
create table public.import_runs (
  id uuid primary key default gen_random_uuid(),
  job_id uuid not null references public.scheduled_jobs (id) on delete cascade,
  organization_id text not null,
  attempt integer not null, -- 1-based; a run that was released on shutdown does not count
  worker_id text not null,
  lease_seconds integer not null,
  lease_expires_at timestamptz not null,
  retry_at timestamptz, -- a released job is not claimed before
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  outcome text,
  -- 'import' writes rows, 'preview' says how they would be read, 'undo' takes imports back, 'export'
  -- writes a file. Decided at the claim.
  kind text not null default 'import',
  row_count integer, -- rows of the job; NULL until somebody counted them
  -- A rehearsal: everything is tried and counted and nothing stays. Decided at the claim, so that
  -- every call of a run finds it here and no call can forget it.
  dry_run boolean not null default false,
  -- What may become of a row: 'upsert' writes it either way, 'update' only to what is there, 'create'
  -- only as something new. Decided at the claim as well.
  mode text not null default 'upsert',
  -- What it is judged by before anything is written, import_guards' columns that are set; NULL: by
  -- nothing. Decided at the claim as well, so that all its rows are judged alike.
  guards jsonb,
  judged_at timestamptz, -- when the guards let it through
  -- What begin_import said, for whoever asks afterwards why a row became what it became.
  begun_at timestamptz, -- NULL: the rows have not been counted yet
  mapping jsonb, -- file column → field, as it was used
  columns text[], -- all of the file, left to right; NULL: records whose keys are fields already
  -- How the file was read, as file_data.options would say it: what was said of it (sheet, delimiter,
  -- encoding), the header's row, and what the columns show (decimal_mark, date_order; by field).
  options jsonb not null default '{}',
  notes text[] not null default '{}', -- what was guessed or ignored, in sentences for the dealer
  source_version text, -- of the file: batches of two versions must not meet in one ledger
  preview jsonb, -- of a run of that kind, what was found: docs/PREVIEW.md
  -- Of an undo, in which it tells dates: found once, for looking a name up costs a tenth of a second.
  time_zone text,
  -- The refused rows, or what an undo kept, as a file in the bucket imports; NULL: there is none.
  failed_rows_path text,
  export_path text, -- an export's file in the bucket exports; NULL: there is none
  -- The job's counts when the run ended, all its attempts together.
  created integer not null default 0,
  updated integer not null default 0,
  unchanged integer not null default 0, -- part of updated: nothing was written
  removed integer not null default 0, -- part of an undo's updated: records that are gone again
  failed integer not null default 0, -- of an undo: kept
  unprocessed integer not null default 0, -- untouched by a cancel or a failure: not failed
  zeroed integer not null default 0, -- items that the file lacks, whose quantity became 0: no rows
  -- What a rehearsal found, or what the guards held: import_internal.rehearsal_of, with "held".
  rehearsal jsonb,
  constraint import_runs_outcome_if_finished check ((outcome is null) = (finished_at is null)),
  constraint import_runs_known_kind check (kind in ('import', 'preview', 'undo', 'export')),
  constraint import_runs_known_mode check (mode in ('upsert', 'update', 'create')),
  constraint import_runs_known_outcome check (
    outcome in ('completed', 'failed', 'cancelled', 'released', 'retried', 'lease_expired')),
  constraint import_runs_counts_not_negative check (
    least(created, updated, failed, unprocessed, zeroed) >= 0
    and unchanged between 0 and updated and removed between 0 and updated)
);
-- One live run an organization: the parts of one upload run in order, and no dealer starves others.
create unique index import_runs_one_live_an_organization
  on public.import_runs (organization_id) where finished_at is null;
create index import_runs_job_idx on public.import_runs (job_id);
-- The next retry, for whoever waits for it.
create index import_runs_retry_at_idx
  on public.import_runs (retry_at) where retry_at is not null;
-- When an organization was last served: the claim takes the one that has waited longest.
create index import_runs_org_started_idx
  on public.import_runs (organization_id, started_at desc);
-- By age: where pruning looks.
create index import_runs_finished_idx
  on public.import_runs (finished_at, id) where finished_at is not null;

-- Who may do what: ../policies/import_runs.sql.
-- import_runs: users see how their organization's imports went. Only the worker's functions write.
-- The id is no secret that opens anything: every function that takes it is service_role's.
alter table public.import_runs enable row level security;

revoke all on public.import_runs from public, anon, authenticated;
grant select on public.import_runs to authenticated;
grant select, insert, update, delete on public.import_runs to service_role;

create policy import_runs_select_own_organization on public.import_runs
  for select to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));
