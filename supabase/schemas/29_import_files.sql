-- Files for imports that are too large for a job row, and the worker's answers: the private bucket
-- imports, with a folder for each organization. A job names its file in
-- file_data.source: {"bucket": "imports", "path": "<organization_id>/…"}.
-- And the files that exports write, <organization_id>/<job>/<file name> in the private bucket exports.

-- 200 MiB is what the worker takes by default, and 2 GiB more than any export; a project's own limit
-- for all buckets holds besides.
insert into storage.buckets (id, name, public, file_size_limit) values
  ('imports', 'imports', false, 209715200), ('exports', 'exports', false, 2147483648);

-- Who may do what: ../policies/storage_objects.sql.
-- storage.objects: the files of imports, in the bucket imports, below a folder named by the
-- organization. Its members put files there, read and delete them. They don't overwrite or move
-- them: a file must not change while it is imported. What the worker leaves in <organization>/failed
-- and <organization>/kept is its word on the rows it refused, and on what an undo kept, so nobody
-- else puts anything there.
-- And what exports wrote, in the bucket exports, below the same: members read it, and only the worker
-- writes and deletes.
-- No grants here, no row level security switched on: the table is the platform's, and has both.
create policy imports_select_own_organization on storage.objects
  for select to authenticated
  using (bucket_id = 'imports' and (storage.foldername(name))[1] = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));

create policy imports_insert_own_organization on storage.objects
  for insert to authenticated
  with check (
    bucket_id = 'imports'
    and (storage.foldername(name))[1] = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid()))
    and (string_to_array(name, '/'))[2] not in ('failed', 'kept')
    and name !~ '(^|/)[.]{0,2}(/|$)'); -- no step that leads elsewhere

create policy imports_delete_own_organization on storage.objects
  for delete to authenticated
  using (bucket_id = 'imports' and (storage.foldername(name))[1] = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));

create policy exports_select_own_organization on storage.objects
  for select to authenticated
  using (bucket_id = 'exports' and (storage.foldername(name))[1] = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));
