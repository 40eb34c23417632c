-- What of ours is in this database, for doctor to compare with what its version expects
-- (worker/operating/doctor/schema.json, written by `make schema`).

-- The newest migration that the Supabase CLI applied; NULL where somebody applied them by hand. The
-- list holds each migration's text too, which is nobody's business here.
grant usage on schema supabase_migrations to service_role;
grant select (version) on supabase_migrations.schema_migrations to service_role;

create function import_internal.schema_version()
returns text
language plpgsql stable security invoker set search_path = '' as $$
begin
  if to_regclass('supabase_migrations.schema_migrations') is null then return null; end if;
  return (select max(m.version) from supabase_migrations.schema_migrations m);
exception when insufficient_privilege then
  return null;
end $$;

-- Returns {"version", "objects": [[kind, what it belongs to, name, what it says], ...]}: tables with
-- their columns, row security, grants, policies, indexes and triggers, functions by their bodies. Of
-- public, also what is the CRM's own: the asker knows what is ours.
create function public.import_schema()
returns jsonb
language sql stable security invoker set search_path = '' as $$
  with
    relation as (
      select c.oid, c.relkind, c.relrowsecurity, c.relacl, c.relowner, c.oid::regclass::text as name
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v')
        and (n.nspname = 'import_internal'
             or n.nspname = 'public'
                and (c.relname in ('scheduled_jobs', 'inventory_duplicates', 'merged_contacts')
                     or c.relname ~ '^(import|notification)_'))
    ),
    routine as (
      select p.*, p.oid::regprocedure::text as name
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('public', 'import_internal') and p.prokind = 'f'
        and not exists (
          select from pg_catalog.pg_depend d where d.objid = p.oid and d.deptype = 'e')
    ),
    object (kind, belongs_to, name, says) as (
      select 'table', r.name, '', case when r.relkind = 'v' then 'view'
               when r.relrowsecurity then 'row security' else 'no row security' end
      from relation r
      union all
      select 'column', r.name, a.attname, format_type(a.atttypid, a.atttypmod)
      from relation r
      join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
      union all
      select 'grant', r.name, coalesce(g.grantee::regrole::text, 'public'),
             string_agg(distinct g.privilege_type, ', ' order by g.privilege_type)
      from relation r
      cross join lateral pg_catalog.aclexplode(r.relacl) as e
      cross join lateral (select nullif(e.grantee, 0) as grantee, e.privilege_type) as g
      where e.grantee <> r.relowner
      group by 2, 3
      union all
      select 'grant', r.name || '.' || a.attname, coalesce(g.grantee::regrole::text, 'public'),
             string_agg(distinct g.privilege_type, ', ' order by g.privilege_type)
      from relation r
      join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attacl is not null
      cross join lateral pg_catalog.aclexplode(a.attacl) as e
      cross join lateral (select nullif(e.grantee, 0) as grantee, e.privilege_type) as g
      group by 2, 3
      union all
      select 'policy', p.polrelid::regclass::text, p.polname, md5(concat_ws(
        '|', p.polcmd, p.polpermissive,
        (select string_agg(coalesce(nullif(o, 0)::regrole::text, 'public'), ',' order by o::regrole::text)
         from unnest(p.polroles) o),
        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)))
      from pg_catalog.pg_policy p
      where p.polrelid in (select r.oid from relation r)
        or p.polrelid = to_regclass('storage.objects') and p.polname ~ '^(imports|exports)_'
      union all
      select 'index', i.indrelid::regclass::text, c.relname,
             pg_get_indexdef(i.indexrelid) || case when i.indisvalid then '' else ' invalid' end
      from pg_catalog.pg_index i
      join pg_catalog.pg_class c on c.oid = i.indexrelid
      where not i.indisprimary
        and (i.indrelid in (select r.oid from relation r)
             or c.oid = to_regclass('public.inventory_org_sku_key'))
      union all
      select 'trigger', t.tgrelid::regclass::text, t.tgname,
             pg_get_triggerdef(t.oid) || case when t.tgenabled = 'D' then ' disabled' else '' end
      from pg_catalog.pg_trigger t
      where not t.tgisinternal and t.tgfoid in (select p.oid from routine p)
      union all
      select 'function', p.name, '', md5(concat_ws(
        '|', replace(p.prosrc, E'\r', ''), p.prosecdef, p.provolatile, p.proconfig::text,
        p.prorettype::regtype))
      from routine p
      union all
      select 'grant', p.name, coalesce(nullif(e.grantee, 0)::regrole::text, 'public'), 'EXECUTE'
      from routine p
      cross join lateral
        pg_catalog.aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as e
      where e.grantee <> p.proowner
    )
  select jsonb_build_object(
    'version', import_internal.schema_version(),
    'objects', jsonb_agg(
      jsonb_build_array(o.kind, o.belongs_to, o.name, o.says)
      order by o.belongs_to collate "C", o.kind collate "C", o.name collate "C"))
  from object o;
$$;

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on function public.import_schema() from public, anon, authenticated;
grant execute on function public.import_schema() to service_role;
