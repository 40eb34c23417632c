-- Repeating jobs: finish_import inserts the next occurrence, in its own transaction.
--
-- What a schedule means (the columns are FRONTEND.md's):
--   repeat_type         'daily', 'weekly', 'monthly'; 'custom' is one of the three, named by
--                       repeat_custom_unit ('days' when it is missing: an insert never sends it).
--   repeat_interval     every how many days, weeks, months. NULL, 0 and less mean 1; over 1,000
--                       means 1,000, which is seldom, as whoever typed it wanted.
--   repeat_days_of_week 'monday', 'Mon' or 1, in any case; 0 is Sunday, as in JavaScript. None: the
--                       weekday of the occurrence. Weeks begin on Sunday, which matters when only
--                       every second one counts.
--   repeat_days_of_month 1 to 31; past the month's end means its last day. None: the day of the
--                       occurrence. Of both arrays, what is no day is ignored.
--   repeat_end_date     the last day on which it may run, all of that day. A date input arrives as
--                       midnight UTC and is that date; anything else is a date in the time zone.
--   scheduled_time      the time of day, as the wall clock of the time zone shows it. What the
--                       clock skips in spring runs that much later, that day only; of the hour that
--                       comes twice in autumn, the first counts.
-- The next occurrence is the first after now: what an outage swallowed is not made up for. It keeps
-- the rhythm of the one before (every second week stays the same second week).
--
-- A failed occurrence has a next one, a cancelled one has none: cancelling is how a user ends it.
-- An export that a user's page ran has one as well, when the page says how it ended.

-- Where a time zone comes from: the organization's own (a column time_zone or timezone of
-- public.organizations, when the CRM has one), else this setting, else UTC. One row, which an
-- operator edits in the dashboard (Table Editor, schema import_internal) or with
--   update import_internal.settings set default_time_zone = 'America/Toronto';
-- Here and not in public: PostgREST does not expose this schema, so no user comes near it.
create table import_internal.settings (
  only_row boolean primary key default true,
  default_time_zone text not null default 'UTC',
  constraint settings_one_row check (only_row),
  -- A name that PostgreSQL does not know raises its own error, which says so, while it is typed in.
  constraint settings_known_time_zone check (
    ('epoch'::timestamptz at time zone default_time_zone) is not null)
);
insert into import_internal.settings default values;

-- One row for each occurrence that a finish has inserted: what its scheduled_time alone cannot say.
-- Not columns of scheduled_jobs, which are the frontend's, and whose days the user chose: were the
-- 31st written there, it would overrule the user who then moves the occurrence to the 15th.
create table import_internal.repeats (
  job_id uuid primary key references public.scheduled_jobs (id) on delete cascade,
  -- The job whose finish inserted it: the constraint is what makes it exactly once, even for a job
  -- that an operator sets back to pending. Not a foreign key: that job may be deleted.
  follows uuid not null,
  -- The wall-clock time that is meant: 02:30 on a day whose clock goes from 02:00 to 03:00. It
  -- counts only as long as it gives the job's scheduled_time, so a user's edit overrules it.
  wall_clock timestamp not null,
  -- The day of month that is meant: 31 in February. NULL: wall_clock's own. It counts only on
  -- wall_clock's date.
  day_of_month integer,
  -- The rows, where they were the first job's own and not in a file.
  rows_id uuid references import_internal.shared_rows (id) on delete set null,
  constraint repeats_one_next_occurrence unique (follows),
  constraint repeats_known_day_of_month check (day_of_month between 1 and 31)
);

create index repeats_rows_idx on import_internal.repeats (rows_id);

alter table import_internal.settings enable row level security;
alter table import_internal.repeats enable row level security;
revoke all on import_internal.settings, import_internal.repeats
  from public, anon, authenticated, service_role;
grant select on import_internal.settings to service_role;
grant select, insert on import_internal.repeats to service_role;

-- The instant at which the clock of a time zone shows wall_clock. A time that the clock skips comes
-- as much later as it skips; of a time that it shows twice, the first.
create function import_internal.instant(wall_clock timestamp, time_zone text)
returns timestamptz
language sql immutable security invoker set search_path = '' as $$
  -- PostgreSQL moves a skipped time as we want it, but takes the second of two. The first of them
  -- is what the offset of a day before gives.
  select case when earlier at time zone time_zone = wall_clock
    then least(earlier, given) else given end
  from (select wall_clock at time zone time_zone as given) as given_at
  cross join lateral (
    select given - interval '24 hours' as day_before) as before
  cross join lateral (
    select (wall_clock - ((day_before at time zone time_zone) - (day_before at time zone 'UTC')))
           at time zone 'UTC' as earlier) as earlier_at;
$$;

-- Weekdays as numbers, 0 is Sunday; NULL if none is named. Nobody needs more than 1,000 of them to
-- say which, and looking no further keeps a user's array of millions from taking a finish's time.
create function import_internal.weekday_numbers(days text[])
returns integer[]
language sql immutable security invoker set search_path = '' as $$
  select array_agg(distinct weekday.number)
  from (select unnest(days) as name limit 1000) as given
  join (
    select number::integer - 1 as number,
           unnest(array[(number - 1)::text, left(name, 3), name]) as spelling
    from unnest(array['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'])
         with ordinality as known (name, number)
  ) as weekday on weekday.spelling = lower(btrim(given.name));
$$;

-- When a job that ran at scheduled_time runs next: the first time in its rhythm after both
-- scheduled_time and `after`, or nothing. What the arguments mean is told at the top.
-- time_zone is a name that PostgreSQL knows. meant_wall_clock and meant_day are what
-- import_internal.repeats says of the job, NULL for the first of a row; what comes back beside
-- next_time is what it shall say of the next.
-- The work is the same whether the last occurrence was yesterday or 20 years ago: whole periods are
-- skipped by division, and four of them are looked at, of at most 31 days each.
create function import_internal.next_occurrence(
  scheduled_time timestamptz, repeat_type text, repeat_interval integer, repeat_custom_unit text,
  days_of_week text[], days_of_month integer[], end_date timestamptz, time_zone text,
  after timestamptz,
  meant_wall_clock timestamp default null, meant_day integer default null,
  out next_time timestamptz, out next_wall_clock timestamp, out next_day integer)
language plpgsql stable security invoker set search_path = '' as $$
declare
  unit constant text := case repeat_type
    when 'daily' then 'days'
    when 'weekly' then 'weeks'
    when 'monthly' then 'months'
    when 'custom' then coalesce(repeat_custom_unit, 'days') end;
  step constant integer := least(greatest(repeat_interval, 1), 1000);
  earliest constant timestamptz := greatest(scheduled_time, after);
  wall_clock timestamp;
  day integer;
  weekday integer;
  weekdays integer[];
  month_days integer[];
  period date; -- the first day of the period (day, week, month) of this occurrence
  today date; -- at `earliest`
  periods integer; -- from that of this occurrence to today's
  last_date date;
begin
  -- Calendars of other millennia are nobody's schedule, and overflow.
  if (scheduled_time >= '0001-01-02 UTC' and earliest <= '9000-01-01 UTC') is not true then
    return;
  end if;

  wall_clock := case when import_internal.instant(meant_wall_clock, time_zone) = scheduled_time
    then meant_wall_clock else scheduled_time at time zone time_zone end;
  day := case when wall_clock::date = meant_wall_clock::date then meant_day end;
  day := coalesce(day, extract(day from wall_clock));
  today := (earliest at time zone time_zone)::date;

  case unit
    when 'days' then
      period := wall_clock::date;
      periods := today - period;
    when 'weeks' then
      weekday := extract(dow from wall_clock);
      weekdays := coalesce(import_internal.weekday_numbers(days_of_week), array[weekday]);
      period := wall_clock::date - weekday;
      periods := (today - period) / 7;
    when 'months' then
      month_days := (
        select array_agg(distinct given.day)
        from (select unnest(days_of_month) as day limit 1000) as given
        where given.day between 1 and 31);
      if month_days is null then
        month_days := array[day];
        next_day := day;
      end if;
      period := date_trunc('month', wall_clock)::date;
      periods := 12 * (extract(year from today) - extract(year from period))
                 + extract(month from today) - extract(month from period);
    else
      return;
  end case;

  -- least and greatest pass over NULL, which is no end.
  end_date := greatest(least(end_date, '9999-01-01 UTC'), '0001-01-02 UTC');
  last_date := case when (end_date at time zone 'UTC')::time = '00:00'
    then end_date at time zone 'UTC' else end_date at time zone time_zone end;

  -- From one period before today's, because a skipped time may come past midnight.
  with step_number as (
    select n * step as steps
    from generate_series(greatest(periods / step - 1, 0), periods / step + 2) as n
  ),
  candidate as (
    select period + steps as date from step_number where unit = 'days'
    union all
    select period + steps * 7 + number
    from step_number cross join unnest(weekdays) as number
    union all
    select least(month + number - 1, (month + interval '1 month')::date - 1)
    from step_number
    cross join lateral (
      select (period + make_interval(months => steps))::date as month) as of_step
    cross join unnest(month_days) as number
  )
  select import_internal.instant(date + wall_clock::time, time_zone), date + wall_clock::time
  into next_time, next_wall_clock
  from candidate
  where date <= last_date
    and import_internal.instant(date + wall_clock::time, time_zone) > earliest
  order by date
  limit 1;
  if next_time is null then
    next_day := null;
  end if;
end $$;

-- The time zone of an organization's schedules: the first of the three that is a time zone's name.
-- Asked of the list of names, because AT TIME ZONE takes more: it reads UTC+5 as five hours west.
create function import_internal.time_zone_of(organization_id text)
returns text
language sql stable security invoker set search_path = '' as $$
  select coalesce((
    select known.name
    from (
      select 1 as rank, to_jsonb(o) ->> 'time_zone' as name
      from public.organizations o where o.id = time_zone_of.organization_id
      union all
      select 2, to_jsonb(o) ->> 'timezone'
      from public.organizations o where o.id = time_zone_of.organization_id
      union all
      select 3, s.default_time_zone from import_internal.settings s
    ) as wanted
    join pg_catalog.pg_timezone_names as known on lower(known.name) = lower(btrim(wanted.name))
    order by wanted.rank
    limit 1), 'UTC');
$$;

-- Inserts the next occurrence of a job that just ended, if it has one and none was inserted yet.
-- The caller holds the job's row lock.
-- Whatever is wrong with a schedule, its job ends: a finish that fails would be tried again until
-- the claim itself stumbled over it, and no dealer's job would start any more. So the job ends
-- without a next occurrence, and its error_message says so. Troubles that pass by themselves (the
-- worker's list, _TRANSIENT in worker/queue.py) are not the schedule's: they fail the finish, which
-- is repeated, up to the fifth attempt at the job. That one ends it in any case.
create function import_internal.schedule_next_occurrence(job_id uuid)
returns void
language plpgsql security invoker set search_path = '' as $$
begin
  perform from public.scheduled_jobs j
  where j.id = schedule_next_occurrence.job_id
    and j.status in ('completed', 'failed')
    and j.repeat_type <> 'none'
    and not exists (select from import_internal.repeats r where r.follows = j.id);
  if not found then return; end if;

  begin
    with upcoming as materialized (
      select n.*, import_internal.share_rows(j.id) as rows_id
      from public.scheduled_jobs j
      left join import_internal.repeats r on r.job_id = j.id
      cross join lateral import_internal.next_occurrence(
        j.scheduled_time, j.repeat_type, j.repeat_interval, j.repeat_custom_unit,
        j.repeat_days_of_week, j.repeat_days_of_month, j.repeat_end_date,
        import_internal.time_zone_of(j.organization_id), now(), r.wall_clock, r.day_of_month) as n
      where j.id = schedule_next_occurrence.job_id and n.next_time is not null
    ),
    inserted as (
      insert into public.scheduled_jobs (
        organization_id, created_by, job_type, data_type, scheduled_time, status, creator_name,
        file_name, file_data, repeat_type, repeat_interval, repeat_custom_unit, repeat_end_date,
        repeat_days_of_week, repeat_days_of_month)
      select
        j.organization_id, j.created_by, j.job_type, j.data_type, upcoming.next_time, 'pending',
        j.creator_name, j.file_name,
        case when upcoming.rows_id is null then j.file_data else j.file_data - 'records' end,
        j.repeat_type, j.repeat_interval,
        j.repeat_custom_unit, j.repeat_end_date, j.repeat_days_of_week, j.repeat_days_of_month
      from public.scheduled_jobs j cross join upcoming
      where j.id = schedule_next_occurrence.job_id
      returning id
    )
    insert into import_internal.repeats (job_id, follows, wall_clock, day_of_month, rows_id)
    select inserted.id, schedule_next_occurrence.job_id, upcoming.next_wall_clock,
           upcoming.next_day, upcoming.rows_id
    from inserted cross join upcoming;
  exception when query_canceled or others then -- others are all others but a timeout
    if sqlstate ~ '^(08|40|53|57|55P03)' and not exists (
      select from public.import_runs r
      where r.job_id = schedule_next_occurrence.job_id and r.attempt >= 5)
    then
      raise;
    end if;
    raise warning 'job % has no next occurrence: SQLSTATE %',
      schedule_next_occurrence.job_id, sqlstate;
    update public.scheduled_jobs j
    set error_message = concat_ws(
      E'\n', j.error_message,
      'The next repetition could not be scheduled. Please schedule it again.')
    where j.id = schedule_next_occurrence.job_id;
  end;
end $$;
