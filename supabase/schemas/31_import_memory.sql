-- What an organization's earlier files were mapped to: one row a set of column names.
create table public.import_memory (
  organization_id text not null references public.organizations (id) on delete cascade,
  data_type text not null,
  columns_key text not null, -- of the column names, whatever their order: columns_key()
  mapping jsonb not null, -- file column → field, as it was used
  options jsonb not null, -- of the run: import_runs.options
  columns text[] not null, -- all of the file: those without a field were left out
  is_corrected boolean not null, -- whether the job itself named the mapping
  file_name text, -- the last that was mapped so; NULL: records
  learned_at timestamptz not null default now(), -- and when
  primary key (organization_id, data_type, columns_key)
);

-- Who may do what: ../policies/import_memory.sql.
-- import_memory: users see what was learned from their organization's files. Only the worker's
-- functions write.
alter table public.import_memory enable row level security;

revoke all on public.import_memory from public, anon, authenticated;
grant select on public.import_memory to authenticated;
grant select, insert, update, delete on public.import_memory to service_role;

create policy import_memory_select_own_organization on public.import_memory
  for select to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));

-- Tells sets of column names apart by what the worker compares: without case, spaces, _ and -
-- (worker/importing/mapping/spelling.py).
create function import_internal.columns_key(columns text[])
returns text
language sql immutable security invoker set search_path = '' as $$
  select md5(string_agg(plain, E'\n' order by plain collate "C"))
  from (select regexp_replace(lower(written), '[\s_-]+', '', 'g') as plain
        from unnest(columns) as written) as each_one;
$$;

-- Keeps how a run's file was mapped, for the next one of its kind. Called by finish_import, in its
-- transaction, with the run as it ended.
-- Only what went well teaches: an import that completed with more rows in than refused. No rehearsal,
-- no records that the CRM had mapped itself (they have no columns), no file without column names, and
-- no table too wide to be kept.
-- A user's correction, a mapping that the job itself named, is replaced by another correction only;
-- a run that followed it makes it the latest of its kind again.
create function import_internal.learn_mapping(run public.import_runs)
returns void
language plpgsql security invoker set search_path = '' as $$
declare
  of_type text;
begin
  if run.outcome <> 'completed' or run.kind <> 'import' or run.dry_run
    or run.created + run.updated <= run.failed
    or cardinality(run.columns) is not distinct from 0
    or run.columns is null or coalesce(run.mapping, '{}') = '{}'
    or run.options -> 'header_row' = '0'
    or octet_length(run.mapping::text) + octet_length(run.columns::text) > 65536
  then
    return;
  end if;

  insert into public.import_memory as known
    (organization_id, data_type, columns_key, mapping, options, columns, is_corrected, file_name)
  select run.organization_id, j.data_type, import_internal.columns_key(run.columns), run.mapping,
         run.options, run.columns, given.mapping is not null and given.mapping <> '{}',
         left(regexp_replace(coalesce(j.file_name, given.name), '[[:cntrl:]]', ' ', 'g'), 100)
  from public.scheduled_jobs j
  join public.organizations o on o.id = j.organization_id
  cross join lateral (
    select import_internal.small_object(j.file_data, 'mapping') as mapping,
           substring(j.file_data #>> '{source,path}' from '[^/]+$') as name
    offset 0) as given
  where j.id = run.job_id
  on conflict (organization_id, data_type, columns_key) do update
  set mapping = excluded.mapping, options = excluded.options, columns = excluded.columns,
      is_corrected = known.is_corrected or excluded.is_corrected,
      file_name = excluded.file_name, learned_at = excluded.learned_at
  where excluded.is_corrected or not known.is_corrected or excluded.mapping = known.mapping
  returning known.data_type into of_type;

  -- The newest 200 are kept.
  delete from public.import_memory m
  using (
    select k.columns_key from public.import_memory k
    where k.organization_id = run.organization_id
      and k.data_type = of_type
    order by k.learned_at desc, k.columns_key
    offset 200) as forgotten
  where m.organization_id = run.organization_id
    and m.data_type = of_type
    and m.columns_key = forgotten.columns_key;
end $$;

-- What is known that may help to map a run's file: {"template": {"name", "mapping", "options",
-- "columns"} (null: none of that name), "templates": [names] (all there are, when a template was
-- asked for and is not there), "remembered": [{"mapping", "options", "columns", "is_corrected",
-- "file_name", "learned_on": "12 March"}, ...] (the newest first, as many as make a megabyte)}.
-- All of the run's own organization and data type, whatever anybody says.
-- Errors: PT404, PT409, PT410.
create function public.recall_mappings(run_id uuid, template text default null)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  run public.import_runs := import_internal.hold_live_run(run_id);
  of_type text := (select j.data_type from public.scheduled_jobs j where j.id = run.job_id);
  named jsonb := (
    select jsonb_build_object(
      'name', t.name, 'mapping', t.mapping, 'options', t.options, 'columns', t.columns)
    from public.import_templates t
    where t.organization_id = run.organization_id and t.data_type = of_type
      and t.name = recall_mappings.template);
begin
  return jsonb_build_object(
    'template', named,
    'templates', (
      select coalesce(jsonb_agg(t.name order by t.name), '[]')
      from public.import_templates t
      where recall_mappings.template is not null and named is null
        and t.organization_id = run.organization_id
        and t.data_type = of_type),
    'remembered', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'mapping', m.mapping, 'options', m.options, 'columns', m.columns,
        'is_corrected', m.is_corrected, 'file_name', m.file_name,
        'learned_on', to_char(m.learned_at, case
          when date_trunc('year', m.learned_at) = date_trunc('year', now())
          then 'FMDD FMMonth' else 'FMDD FMMonth YYYY' end)
        ) order by m.learned_at desc, m.columns_key), '[]')
      from (
        select k.*, sum(octet_length(k.mapping::text) + octet_length(k.columns::text))
          over (order by k.learned_at desc, k.columns_key) as size
        from public.import_memory k
        where k.organization_id = run.organization_id
          and k.data_type = of_type
        order by k.learned_at desc, k.columns_key
        limit 200) as m
      where m.size <= 1048576));
end $$;

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on function public.recall_mappings(uuid, text) from public, anon, authenticated;
grant execute on function public.recall_mappings(uuid, text) to service_role;
