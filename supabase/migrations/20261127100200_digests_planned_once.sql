-- What a batch asks the catalog is planned once a connection, and not for each batch: that was a tenth of
-- its time.

-- The columns of a relation that tell whether somebody changed a record.
create or replace function import_internal.judged_columns(relation regclass)
returns text[]
language plpgsql stable security invoker set search_path = ''
set plan_cache_mode = force_generic_plan -- to plan it takes longer than to ask
as $$
begin
  return (
    select array_agg(a.attname::text order by a.attname)
    from pg_catalog.pg_attribute a
    where a.attrelid = relation and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      and a.attname <> all (import_internal.derived_columns()));
end $$;

-- Of a relation's ids, which are text in a change set.
create or replace function import_internal.id_type(relation regclass)
returns text
language plpgsql stable security invoker set search_path = ''
set plan_cache_mode = force_generic_plan
as $$
begin
  return format_type(a.atttypid, a.atttypmod) from pg_catalog.pg_attribute a
  where a.attrelid = relation and a.attname = 'id';
end $$;

-- A digest of some columns for each of the records with these ids, in the order of ids: 8 bytes that
-- tell later whether anything in them is another than it was. NULL for a record that is not there.
-- In one statement made of names: a hash of named columns takes a microsecond a record, one of
-- to_jsonb thirteen, and a function of its own that long to call.
create or replace function import_internal.digests(relation regclass, columns text[], ids text[])
returns bigint[]
language plpgsql stable security invoker set search_path = ''
-- Each record by its id, whatever the planner thinks of the table: see upsert_inventory.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
set enable_mergejoin = off
-- The names are always as many as a table has columns: planned once.
set plan_cache_mode = force_generic_plan
as $$
declare
  found bigint[];
begin
  execute (
    select format(
      'select array_agg(r.digest order by asked.place)
       from unnest($1) with ordinality as asked (id, place)
       left join lateral (
         select pg_catalog.hash_record_extended(row(%s), 0) as digest
         from %s r where r.id = asked.id::%s
         limit 1) r on true', -- keeps the planner from reading all records first
      string_agg(
        case when a.atttypid = any (array[
          'text', 'uuid', 'integer', 'bigint', 'numeric', 'boolean', 'date', 'timestamptz']::regtype[])
        then format('r.%I', a.attname)
        -- No hash index could hold some types (json, tsvector, point), and then this would not work.
        else format('r.%I::text', a.attname) end, ', ' order by a.attname),
      relation, import_internal.id_type(relation))
    from pg_catalog.pg_attribute a
    where a.attrelid = relation and a.attname = any (columns) and not a.attisdropped)
  into found using ids;
  return found;
end $$;
