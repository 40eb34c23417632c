-- Guards: how much of what an organization has one import may change before somebody looks.

-- A row an organization; NULL: that guard is off, and so are all without a row. They are judged
-- before anything is written, on what a rehearsal of the same rows finds (*_judgement.sql). An import
-- is held by more than the percentage, so 0 holds at the first one and 100 never.
create table public.import_guards (
  organization_id text primary key references public.organizations (id) on delete cascade,
  -- Of the rows of a file, as many may be refused.
  refused_percent numeric,
  -- A price (the unit price or a tier) that falls or rises by more than the first is a leap; of the
  -- items in a file that are there, as many may have one.
  leap_percent numeric,
  leaping_items_percent numeric,
  -- Of the items in a file that are there, as many may lose all of their quantity.
  emptied_percent numeric,
  -- Of the items with a quantity, as many may be missing in a file that says options.missing "zero".
  -- NULL: 20.
  missing_percent numeric,
  constraint import_guards_leap_and_items check (
    (leap_percent is null) = (leaping_items_percent is null)),
  constraint import_guards_percentages check (
    refused_percent between 0 and 100 and leaping_items_percent between 0 and 100
    and emptied_percent between 0 and 100 and missing_percent between 0 and 100
    and leap_percent between 0 and 1000000)
);

-- Who may do what: ../policies/import_guards.sql.
-- import_guards: members see what holds their organization's imports; its admins set it. An operator
-- does so in the dashboard.
alter table public.import_guards enable row level security;

revoke all on public.import_guards from public, anon, authenticated;
grant select, insert, update, delete on public.import_guards to authenticated;
grant select, insert, update, delete on public.import_guards to service_role;

create policy import_guards_select_own_organization on public.import_guards
  for select to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));

create policy import_guards_insert_as_admin on public.import_guards
  for insert to authenticated
  with check (organization_id = (
    select p.organization_id from public.profiles p
    where p.id = (select auth.uid()) and p.role in ('admin', 'super_admin')));

create policy import_guards_update_as_admin on public.import_guards
  for update to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p
    where p.id = (select auth.uid()) and p.role in ('admin', 'super_admin')))
  with check (organization_id = (
    select p.organization_id from public.profiles p
    where p.id = (select auth.uid()) and p.role in ('admin', 'super_admin')));

create policy import_guards_delete_as_admin on public.import_guards
  for delete to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p
    where p.id = (select auth.uid()) and p.role in ('admin', 'super_admin')));

-- Whether a job speaks for its organization: an admin's does, and an operator's, which is nobody's.
create function import_internal.is_admins_or_operators(
  created_by uuid, organization_id text)
returns boolean
language plpgsql stable security invoker set search_path = '' as $$
begin
  return is_admins_or_operators.created_by is null or exists (
    select from public.profiles p
    where p.id = is_admins_or_operators.created_by
      and p.organization_id = is_admins_or_operators.organization_id
      and p.role in ('admin', 'super_admin'));
end $$;

-- What an import with these options is judged by: {"leap_percent": 50, ...}, import_guards' columns
-- that are set; NULL if by nothing.
create function import_internal.guards_of(organization_id text, options jsonb)
returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
begin
  return (
    select case when options ->> 'missing' = 'zero'
      then '{"missing_percent": 20}' || coalesce(given.guards, '{}')
      else nullif(given.guards - 'missing_percent', '{}') end
    from (
      select (select jsonb_strip_nulls(to_jsonb(g) - 'organization_id')
              from public.import_guards g
              where g.organization_id = guards_of.organization_id) as guards) as given);
end $$;

-- What a run that is being claimed is judged by, as guards_of gives it. An attempt whose rows are
-- rehearsed begins anew, for what an earlier one found is not all there is; once rows have been
-- written it is too late to judge.
-- The worker refuses a job that switches the guards off and may not; and any other value than "off".
create function import_internal.begin_guards(job_id uuid, kind text, options jsonb)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  created_by uuid;
  organization_id text;
  guards jsonb;
begin
  if kind <> 'import' then return null; end if;
  select j.created_by, j.organization_id into created_by, organization_id
  from public.scheduled_jobs j where j.id = begin_guards.job_id;
  if options ->> 'guards' = 'off'
    and import_internal.is_admins_or_operators(created_by, organization_id)
  then
    guards := null;
  else
    guards := import_internal.guards_of(organization_id, options);
  end if;

  if exists (select from public.import_batches b where b.job_id = begin_guards.job_id) then
    return case when options -> 'dry_run' = 'true' then guards end;
  end if;
  if guards is not null or options ->> 'missing' = 'zero' then
    perform import_internal.forget_batches(begin_guards.job_id);
    delete from public.import_errors e where e.job_id = begin_guards.job_id;
  end if;
  return guards;
end $$;

-- Whether the rows of a run are rehearsed now, to be judged before they are written.
create function import_internal.is_judged_first(run public.import_runs)
returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return run.guards is not null and run.judged_at is null and not run.dry_run;
end $$;
