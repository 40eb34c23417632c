-- What the migrations made, as comparable lines: kind, what it belongs to, what it says.
with
  schema as (
    select oid, nspname, nspowner, nspacl from pg_namespace
    where nspname in ('public', 'import_internal')
  ),
  relation as (
    select c.*, c.oid::regclass::text as name from pg_class c join schema s on s.oid = c.relnamespace
  )
select 'schema grant' as kind, s.nspname::text as name,
       g.grantee::regrole || ' ' || g.privilege_type as says
from schema s, aclexplode(coalesce(s.nspacl, acldefault('n', s.nspowner))) g
union all
select 'table', name, format(
  '%s, row security %s %s, replica identity %s', relkind, relrowsecurity, relforcerowsecurity,
  relreplident)
from relation where relkind in ('r', 'p', 'v', 'm', 'f', 'S')
union all
select 'table grant', name, g.grantee::regrole || ' ' || g.privilege_type
from relation, aclexplode(coalesce(relacl, acldefault('r', relowner))) g
where relkind in ('r', 'p', 'v', 'm', 'f')
union all
select 'column', r.name, format(
  '%s %s %s not null %s default %s', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
  a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
from relation r
join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where r.relkind in ('r', 'p', 'v', 'm', 'f')
union all
select 'column grant', r.name, format('%s %s %s', a.attname, g.grantee::regrole, g.privilege_type)
from relation r join pg_attribute a on a.attrelid = r.oid, aclexplode(a.attacl) g
union all
select 'constraint', conrelid::regclass::text,
       format('%s %s validated %s', conname, pg_get_constraintdef(oid), convalidated)
from pg_constraint where connamespace in (select oid from schema)
union all
select 'index', i.indrelid::regclass::text,
       format('%s valid %s', pg_get_indexdef(i.indexrelid), i.indisvalid)
from pg_index i join relation r on r.oid = i.indexrelid
union all
select 'policy', c.oid::regclass::text, format(
  '%s %s %s to %s using %s check %s', p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[],
  pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
from pg_policy p join relation c on c.oid = p.polrelid
union all
select 'function', p.oid::regprocedure::text, pg_get_functiondef(p.oid)
from pg_proc p join schema s on s.oid = p.pronamespace
union all
select 'function grant', p.oid::regprocedure::text,
       coalesce(nullif(g.grantee, 0)::regrole::text, 'public') || ' ' || g.privilege_type
from pg_proc p join schema s on s.oid = p.pronamespace,
     aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
union all
select 'trigger', tgrelid::regclass::text, pg_get_triggerdef(oid)
from pg_trigger where not tgisinternal and tgrelid in (select oid from relation)
union all
select 'publication', pubname, format('%s.%s %s', schemaname, tablename, attnames)
from pg_publication_tables
union all
select 'view', name, format('%s %s', reloptions, pg_get_viewdef(oid))
from relation where relkind in ('v', 'm')
union all
select 'storage', name, unnest(reloptions) from relation where relkind not in ('v', 'm')
union all
select 'identity', r.name, format('%s %s%s', a.attname, a.attidentity, a.attgenerated)
from relation r
join pg_attribute a on a.attrelid = r.oid and '' <> concat(a.attidentity, a.attgenerated)
union all
select 'trigger that fires otherwise', tgrelid::regclass::text, format('%s %s', tgname, tgenabled)
from pg_trigger
where not tgisinternal and tgenabled <> 'O' and tgrelid in (select oid from relation)
union all
select 'comment', d.classoid::regclass::text, format('%s %s', d.objsubid, d.description)
from pg_description d
where (d.classoid, d.objoid) in (
  select 'pg_class'::regclass::oid, oid from relation
  union all select 'pg_proc'::regclass::oid, p.oid from pg_proc p join schema s on s.oid = p.pronamespace)
union all
-- Of the platform's own schemas, what migrations add to them.
select 'policy', p.polrelid::regclass::text, format(
  '%s %s %s to %s using %s check %s', p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[],
  pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
from pg_policy p
join pg_class c on c.oid = p.polrelid
where c.relnamespace = to_regnamespace('storage')
union all
select 'schema grant', s.nspname::text, g.grantee::regrole || ' ' || g.privilege_type
from pg_namespace s, aclexplode(s.nspacl) g
where s.nspname in ('storage', 'supabase_migrations')
union all
select 'column grant', a.attrelid::regclass::text,
       format('%s %s %s', a.attname, g.grantee::regrole, g.privilege_type)
from pg_attribute a
join pg_class c on c.oid = a.attrelid, aclexplode(a.attacl) g
where c.relnamespace = to_regnamespace('supabase_migrations')
