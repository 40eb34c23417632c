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

drop policy if exists import_templates_of_own_organization on public.import_templates;
create policy import_templates_of_own_organization on public.import_templates
  for all to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())))
  with check (organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));
