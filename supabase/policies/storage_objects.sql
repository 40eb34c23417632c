-- storage.objects: the files of imports, in the bucket imports, below a folder named by the
-- organization. Its members put files there, read and delete them. They don't overwrite or move
-- them: a file must not change while it is imported. What the worker leaves in <organization>/failed
-- and <organization>/kept is its word on the rows it refused, and on what an undo kept, so nobody
-- else puts anything there.
-- And what exports wrote, in the bucket exports, below the same: members read it, and only the worker
-- writes and deletes.
-- No grants here, no row level security switched on: the table is the platform's, and has both.
do $$
begin
  if to_regclass('storage.objects') is null then return; end if;

  drop policy if exists imports_select_own_organization on storage.objects;
  create policy imports_select_own_organization on storage.objects
    for select to authenticated
    using (bucket_id = 'imports' and (storage.foldername(name))[1] = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid())));

  drop policy if exists imports_insert_own_organization on storage.objects;
  create policy imports_insert_own_organization on storage.objects
    for insert to authenticated
    with check (
      bucket_id = 'imports'
      and (storage.foldername(name))[1] = (
        select p.organization_id from public.profiles p where p.id = (select auth.uid()))
      and (string_to_array(name, '/'))[2] not in ('failed', 'kept')
      and name !~ '(^|/)[.]{0,2}(/|$)'); -- no step that leads elsewhere

  drop policy if exists imports_delete_own_organization on storage.objects;
  create policy imports_delete_own_organization on storage.objects
    for delete to authenticated
    using (bucket_id = 'imports' and (storage.foldername(name))[1] = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid())));

  drop policy if exists exports_select_own_organization on storage.objects;
  create policy exports_select_own_organization on storage.objects
    for select to authenticated
    using (bucket_id = 'exports' and (storage.foldername(name))[1] = (
      select p.organization_id from public.profiles p where p.id = (select auth.uid())));
end $$;
