-- Named mappings that people keep: which column of a file is which field, and how such files are
-- read. A job names one in file_data.options.template.
create table public.import_templates (
  organization_id text not null references public.organizations (id) on delete cascade,
  data_type text not null, -- as scheduled_jobs has it
  name text not null,
  mapping jsonb not null, -- file column → field, as file_data.mapping
  -- As file_data.options: sheet, header_row, delimiter, encoding, decimal_mark, date_order.
  options jsonb not null default '{}',
  -- All columns of the file that it was made from: those without a field are left out of later files
  -- as well, and others may be understood by their names. NULL: nobody said, and whatever has no
  -- field is left out.
  columns text[],
  created_by uuid default auth.uid() references public.profiles (id) on delete set null,
  updated_at timestamptz not null default now(),
  primary key (organization_id, data_type, name),
  constraint import_templates_name_is_plain check (
    length(name) between 1 and 100 and name = btrim(name) and name !~ '[[:cntrl:]]'),
  -- What a worker reads of a job's own mapping is bounded alike: *_claimed_jobs.sql, small_object.
  constraint import_templates_mapping_is_a_small_object check (
    jsonb_typeof(mapping) = 'object' and octet_length(mapping::text) <= 1048576),
  constraint import_templates_options_are_a_small_object check (
    jsonb_typeof(options) = 'object' and octet_length(options::text) <= 65536),
  constraint import_templates_columns_are_few check (cardinality(columns) <= 16384)
);
-- Whose templates go when a user goes.
create index import_templates_created_by_idx on public.import_templates (created_by);

-- When a template was last changed, whoever changed it.
create function import_internal.touch_template() returns trigger
language plpgsql security invoker set search_path = '' as $$
begin
  new.updated_at := now();
  return new;
end $$;
revoke execute on function import_internal.touch_template() from public, anon, authenticated;

create trigger import_templates_touch
  before update on public.import_templates
  for each row execute function import_internal.touch_template();

-- Who may do what: ../policies/import_templates.sql.
-- import_templates: users see, make, change and delete their organization's templates, and cannot
-- give one to another organization. Who made it is for the database to say.
alter table public.import_templates enable row level security;

revoke all on public.import_templates from public, anon, authenticated;
grant select, delete on public.import_templates to authenticated;
-- By column. The organization is among them for upserts, which name it on every update.
grant insert (organization_id, data_type, name, mapping, options, columns)
  on public.import_templates to authenticated;
grant update (organization_id, data_type, name, mapping, options, columns)
  on public.import_templates to authenticated;
grant select, insert, update, delete on public.import_templates to service_role;

create policy import_templates_of_own_organization on public.import_templates
  for all to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())))
  with check (organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));
