-- What happened, in the order in which it happened, written by triggers: the worker's own tables
-- forget (the ledger is pruned, a deleted job takes its runs along), and the suite must not ask the
-- accused. An event stands here exactly when its transaction was committed.
create schema fault_suite;

create table fault_suite.events (
  -- Drawn while the row's lock is held. Of two runs of one organization, the second can be opened
  -- only after the first was closed, so their numbers tell the true order whatever the clocks say.
  seq bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  what text not null,
  organization_id text not null,
  job_id uuid,
  run_id uuid,
  detail text, -- worker of a run opened, outcome of a run closed, status of a job
  first_row integer,
  last_row integer,
  shown integer, -- progress.current
  landed integer -- rows in the ledger at that moment
);
create index on fault_suite.events (organization_id, seq);

-- One row each time an item was written, by whomever.
create table fault_suite.writes (organization_id text, sku text, inserted boolean);
create index on fault_suite.writes (organization_id);

create function fault_suite.note_run() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' then
    insert into fault_suite.events (what, organization_id, job_id, run_id, detail)
    values ('opened', new.organization_id, new.job_id, new.id, new.worker_id);
  elsif tg_op = 'DELETE' then
    if old.finished_at is null then
      insert into fault_suite.events (what, organization_id, job_id, run_id)
      values ('gone', old.organization_id, old.job_id, old.id);
    end if;
  elsif old.finished_at is null and new.finished_at is not null then
    insert into fault_suite.events (what, organization_id, job_id, run_id, detail)
    values ('closed', new.organization_id, new.job_id, new.id, new.outcome);
  end if;
  return null;
end $$;
create trigger fault_suite_note after insert or update or delete on public.import_runs
  for each row execute function fault_suite.note_run();

create function fault_suite.note_batch() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into fault_suite.events (what, organization_id, job_id, run_id, first_row, last_row)
  select 'landed', j.organization_id, j.id, r.id, new.first_row, new.last_row
  from public.scheduled_jobs j
  left join public.import_runs r on r.job_id = j.id and r.finished_at is null
  where j.id = new.job_id;
  return null;
end $$;
create trigger fault_suite_note after insert on public.import_batches
  for each row execute function fault_suite.note_batch();

create function fault_suite.note_job() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'DELETE' then
    insert into fault_suite.events (what, organization_id, job_id, detail)
    values ('status', old.organization_id, old.id, 'deleted');
    return null;
  end if;
  if tg_op = 'INSERT' or new.status <> old.status then
    insert into fault_suite.events (what, organization_id, job_id, detail)
    values ('status', new.organization_id, new.id, new.status);
  end if;
  if tg_op = 'UPDATE' and new.progress is distinct from old.progress then
    insert into fault_suite.events (what, organization_id, job_id, run_id, shown, landed)
    select 'shown', new.organization_id, new.id, r.id, (new.progress ->> 'current')::integer,
           (select coalesce(sum(b.last_row - b.first_row + 1), 0)
            from public.import_batches b where b.job_id = new.id)
    from (select) nothing
    left join public.import_runs r on r.job_id = new.id and r.finished_at is null;
  end if;
  return null;
end $$;
create trigger fault_suite_note after insert or update or delete on public.scheduled_jobs
  for each row execute function fault_suite.note_job();

create function fault_suite.note_write() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into fault_suite.writes values (new.organization_id, new.sku, tg_op = 'INSERT');
  return null;
end $$;
create trigger fault_suite_note after insert or update on public.inventory
  for each row execute function fault_suite.note_write();
