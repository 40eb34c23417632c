-- How an event comes into the outbox: in the transaction that makes it true, exactly once.

-- Writes an entry and what goes out for it, if anybody of the organization asked for it; its id, or
-- NULL. An entry of the same upload that nobody was sent yet makes way: then there is one, which tells
-- all. scope 'own' is of those who made the job; a worker that is not there concerns everybody.
create function import_internal.tell(
  organization_id text, event text, key text, job_id uuid, upload_id uuid, created_by uuid,
  data jsonb, ready_at timestamptz)
returns uuid
language plpgsql security invoker set search_path = '' as $$
#variable_conflict use_column
declare
  entry uuid;
  asked uuid[] := array(
    select c.id
    from public.notification_channels c
    where c.organization_id = tell.organization_id and c.is_enabled
      and tell.event = any (coalesce(c.events, array(
        select jsonb_array_elements_text(s.value)
        from public.import_settings s
        where s.name = 'notification_events' and jsonb_typeof(s.value) = 'array')))
      and (c.scope = 'organization' or c.profile_id = tell.created_by
           or tell.event = 'worker.absent')
      -- Whoever left the organization is told nothing more of it.
      and (c.profile_id is null or exists (
        select from public.profiles p
        where p.id = c.profile_id and p.organization_id = c.organization_id)));
begin
  if tell.upload_id is not null then
    perform from public.import_notifications n
    where n.upload_id = tell.upload_id and n.ready_at > clock_timestamp() for update;
    delete from public.import_notifications n
    where n.upload_id = tell.upload_id and n.ready_at > clock_timestamp()
      and not exists (
        select from public.notification_deliveries d
        where d.notification_id = n.id and (d.attempts > 0 or d.status <> 'pending'));
  end if;
  if asked = '{}' then return null; end if;

  insert into public.import_notifications as n (
    organization_id, event, key, job_id, upload_id, created_by, data, ready_at)
  values (
    tell.organization_id, tell.event, tell.key, tell.job_id, tell.upload_id, tell.created_by,
    tell.data, tell.ready_at)
  on conflict (key) do nothing
  returning n.id into entry;
  if entry is null then return null; end if;

  insert into public.notification_deliveries (
    notification_id, channel_id, kind, next_try_at, expires_at)
  select entry, c.id, c.kind, tell.ready_at, tell.ready_at + interval '4 days'
  from public.notification_channels c
  where c.id = any (asked) and c.kind <> 'in_app';
  insert into public.notification_inbox (
    notification_id, organization_id, profile_id, event, job_id, data)
  select entry, c.organization_id, c.profile_id, tell.event, tell.job_id, tell.data
  from public.notification_channels c
  where c.id = any (asked) and c.kind = 'in_app';
  return entry;
end $$;

-- Tells how a job ended, or how its upload did if this was the last part of it. Parts that end at the
-- same moment wait here for each other: else each would see the other one unfinished.
-- An upload is sent a minute after its newest part was inserted, for more may follow. If one comes
-- later still, or one is tried again, that is told as well: how all of it stands then.
-- Of many parts that one command ended, this comes once for each, and all see the same: the first one
-- looks, and leaves for the others what it looked at.
create function import_internal.tell_of_job(job public.scheduled_jobs)
returns void
language plpgsql security invoker set search_path = '' as $$
declare
  is_part constant boolean :=
    job.job_type = 'import' and import_internal.part_number(job.file_name) is not null;
  upload_key bigint;
  command text;
  looked text[]; -- [command, upload_key, when its first part was inserted, and its newest]
  before text[];
  job_ids uuid[] := array[job.id];
  is_over boolean := true;
  newest timestamptz;
  ending record;
begin
  if is_part then
    upload_key := hashtextextended(
      concat_ws('/', job.organization_id, job.created_by, job.data_type,
                import_internal.upload_name(job.file_name)), 20261127);
    command := coalesce(
      (select j.cmin::text from public.scheduled_jobs j where j.id = job.id),
      'deleted at ' || statement_timestamp());
    before := string_to_array(
      current_setting('import_internal.upload_looked_at', true), '|');
    if before[1] = command and before[2]::bigint = upload_key
      and job.created_at between before[3]::timestamptz and before[4]::timestamptz
    then
      return;
    end if;

    perform pg_advisory_xact_lock(upload_key);
    select array_agg(p.id), max(p.created_at), bool_and(p.status not in ('pending', 'processing')),
           array[command, upload_key::text, min(p.created_at)::text, max(p.created_at)::text]
    into job_ids, newest, is_over, looked
    from import_internal.parts_of(job) p;
    if looked = before then return; end if; -- parts that were deleted are not among them
    perform set_config('import_internal.upload_looked_at', array_to_string(looked, '|'), true);
  end if;
  if is_over is not true then return; end if; -- not yet, or nothing is left of it

  ending := import_internal.ending_of(job_ids, is_part);
  if ending.event is null then return; end if;
  perform import_internal.tell(
    job.organization_id, ending.event,
    coalesce(
      (select r.id from public.import_runs r where r.job_id = job.id
       order by r.started_at desc limit 1), job.id)::text,
    job.id, case when is_part then job_ids[1] end, job.created_by, ending.data,
    greatest(newest + interval '1 minute', now()));
end $$;

-- The end of a job, whoever writes it: a worker's function, a user who cancels the last part of an
-- upload, or who deletes it. Where nobody of the organization asked, this is one look into an index.
-- What goes wrong here is a warning in the database's log: no import fails because of a message.
-- SECURITY DEFINER, for users have no way to the outbox. It takes no argument, and nobody can call it.
create function import_internal.tell_of_ending() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  job constant public.scheduled_jobs := coalesce(new, old);
begin
  if exists (
    select from public.notification_channels c
    where c.organization_id = job.organization_id and c.is_enabled)
  then
    perform import_internal.tell_of_job(job);
  end if;
  return null;
exception when others then
  raise warning 'the end of job % was not told: %', job.id, sqlstate;
  return null;
end $$;

create trigger scheduled_jobs_tell_of_ending
  after update of status on public.scheduled_jobs
  for each row
  when (old.status in ('pending', 'processing') and new.status in ('completed', 'failed', 'cancelled'))
  execute function import_internal.tell_of_ending();
create trigger scheduled_jobs_tell_of_deletion
  after delete on public.scheduled_jobs
  for each row
  when (old.status in ('pending', 'processing') and old.file_name ~ '_part[0-9]+(\.[^.]*)?$')
  execute function import_internal.tell_of_ending();

-- Tells each organization whose jobs waited, by themselves, while there was no worker: once for each
-- time that there was none. Called by a worker that comes back, before it says that it is there; and,
-- where the extension pg_cron is, by a schedule, which tells while it is so (docs/NOTIFICATIONS.md).
-- is_back: whether somebody is there now. Returns how many organizations were told.
create function import_internal.tell_of_absence(is_back boolean)
returns integer
language plpgsql security invoker set search_path = '' as $$
declare
  minutes constant integer := coalesce(
    (select (s.value #>> '{}')::integer from public.import_settings s
     where s.name = 'notification_absence_minutes'), 5);
  last_alive constant timestamptz := (
    select max(w.alive_until) from public.import_workers w);
  waited record;
  told integer := 0;
begin
  if last_alive > now() - make_interval(mins => minutes) then return 0; end if;
  for waited in
    select j.organization_id, count(*) as jobs,
           min(greatest(j.scheduled_time, j.created_at)) as oldest
    from public.scheduled_jobs j
    where j.status = 'pending' and j.scheduled_time < now() - make_interval(mins => minutes)
      and j.created_at < now() - make_interval(mins => minutes)
      and (j.job_type = 'import' or j.created_by is null
           or j.scheduled_time < now() - make_interval(mins => minutes, secs => 90))
      and exists (
        select from public.notification_channels c
        where c.organization_id = j.organization_id and c.is_enabled)
    group by j.organization_id
  loop
    if import_internal.tell(
      waited.organization_id, 'worker.absent',
      format('absent:%s:%s', waited.organization_id,
             extract(epoch from coalesce(last_alive, waited.oldest))::bigint),
      null, null, null,
      jsonb_strip_nulls(jsonb_build_object(
        'since', coalesce(last_alive, waited.oldest), 'until', case when is_back then now() end,
        'jobs', waited.jobs, 'oldest_due_at', waited.oldest)), now()) is not null
    then
      told := told + 1;
    end if;
  end loop;
  return told;
end $$;
