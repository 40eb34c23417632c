-- Exports that nobody will fetch any more: what whoever tidies up removes through Storage, because a
-- row of storage.objects that is deleted here leaves its file behind.

-- The paths of files in the bucket exports that are older than so many days, the oldest first, at
-- most so many: [path, ...].
create or replace function public.list_old_exports(
  older_than_days integer default 30, most integer default 100)
returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
declare
  paths jsonb := '[]';
begin
  if to_regclass('storage.objects') is not null then
    execute $sql$
      select coalesce(jsonb_agg(old.name order by old.created_at), '[]')
      from (
        select o.name, o.created_at from storage.objects o
        where o.bucket_id = 'exports' and o.created_at < now() - make_interval(days => $1)
        order by o.created_at
        limit $2) as old
      $sql$
    into paths using older_than_days, most;
  end if;
  return paths;
end $$;

-- New functions are everybody's by default. This one is the worker's alone.
revoke execute on function public.list_old_exports(integer, integer)
from public, anon, authenticated;
grant execute on function public.list_old_exports(integer, integer) to service_role;

notify pgrst, 'reload schema';
