-- Taking back that a record was made: it is removed, unless somebody needs it (*_taking_back.sql).

-- Which of these records something refers to, by id: the table that does. Foreign keys of every kind
-- count, also those that would delete or empty what refers to the record. Where this role may not
-- look, the answer of a table that would lose rows so is yes.
create function import_internal.referred_to(relation regclass, ids text[])
returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
declare
  reference record;
  found jsonb;
  referred jsonb := '{}';
begin
  for reference in
    select c.conrelid as table_id, c.conrelid::regclass as name, c.confdeltype as on_delete,
           (select replace(k.relname, '_', ' ') from pg_catalog.pg_class k where k.oid = c.conrelid)
             as known_as,
           string_agg(format('t.%I = r.%I', t.attname, i.attname), ' and ') as refers
    from pg_catalog.pg_constraint c
    cross join unnest(c.conkey, c.confkey) as pair (referencing, referenced)
    join pg_catalog.pg_attribute t on t.attrelid = c.conrelid and t.attnum = pair.referencing
    join pg_catalog.pg_attribute i on i.attrelid = c.confrelid and i.attnum = pair.referenced
    where c.contype = 'f' and c.confrelid = relation
      and c.conparentid = 0 -- a partition's comes with its table's
    group by c.oid
  loop
    if has_table_privilege(reference.table_id, 'select') then
      execute format(
        'select jsonb_object_agg(r.id::text, %L) from %s r
         where r.id = any ($1::%s[]) and exists (select from %s t where %s)',
        reference.known_as || ' refer to it', relation,
        import_internal.id_type(relation), reference.name, reference.refers)
      into found using ids;
    elsif reference.on_delete in ('c', 'n', 'd') then
      select jsonb_object_agg(
        id, reference.known_as || ' may refer to it, and cannot be read')
      into found from unnest(ids) as id;
    end if;
    referred := referred || coalesce(found, '{}');
  end loop;
  return referred;
end $$;

-- Of these records, those that have a value in a column that the CRM added since: one that is not in
-- digested, whose value is neither NULL nor the column's default.
create function import_internal.filled_since(
  relation regclass, digested text[], ids text[])
returns text[]
language plpgsql stable security invoker set search_path = '' as $$
declare
  condition constant text := (
    select string_agg(
      format('r.%1$I is not null and r.%1$I::text is distinct from (%2$s)::text',
             c.name, c.default_value), ' or ')
    from import_internal.columns_of(relation) c
    where c.name <> all (digested) and c.name <> all (import_internal.derived_columns()));
  filled text[] := '{}';
begin
  if condition is not null then
    execute format('select array(select r.id::text from %s r where r.id = any ($1::%s[]) and (%s))',
                   relation, import_internal.id_type(relation), condition)
    into filled using ids;
  end if;
  return filled;
end $$;

-- Says of records that were made whether they are as they were made, before anything of their batch
-- is taken back: what is known of them is how the batch left them. They stay locked.
-- asked: [{"number", "id", "digest", "columns" (that the digest is of)}, ...]; the same comes back with
-- "is_as_made", NULL for a record that is gone.
create function import_internal.judge_made(
  run public.import_runs, relation regclass, asked jsonb)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  ids constant text[] := array(
    select entry ->> 'id' from jsonb_array_elements(asked) with ordinality as a (entry, place)
    order by place);
  columns constant text[] := array(select jsonb_array_elements_text(asked #> '{0,columns}'));
  digests bigint[];
  filled text[];
begin
  if asked is null then return null; end if;
  execute format(
    'select from %s r where r.id = any ($1::%s[]) and r.organization_id = $2 order by r.id
     for update', relation, import_internal.id_type(relation))
  using ids, run.organization_id;
  digests := import_internal.digests(relation, columns, ids);
  filled := import_internal.filled_since(relation, columns, ids);
  return (
    select jsonb_agg(
      entry - 'columns' || jsonb_build_object(
        'is_as_made', digests[place] = (entry ->> 'digest')::bigint
                      and entry ->> 'id' <> all (filled)) order by place)
    from jsonb_array_elements(asked) with ordinality as a (entry, place));
end $$;

-- Removes records that were made, if nobody changed them since and nothing refers to them.
-- asked: as judge_made gives it.
create function import_internal.remove_made(
  run public.import_runs, relation regclass, asked jsonb,
  out changed public.import_changes, out kept jsonb)
language plpgsql security invoker set search_path = ''
-- Each record by its id, as in put_back.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
set enable_mergejoin = off set enable_material = off
as $$
declare
  referred constant jsonb := import_internal.referred_to(
    relation, array(select entry ->> 'id' from jsonb_array_elements(asked) as entry));
begin
  execute format(
    $sql$
    with given as materialized (
      select (entry ->> 'number')::integer as number, entry ->> 'id' as id,
             (entry ->> 'is_as_made')::boolean as is_as_made, $3 ->> (entry ->> 'id') as referred
      from jsonb_array_elements($1) as entry
    ),
    gone as (
      delete from %1$s r
      where r.id = any (array(
          select given.id from given where given.is_as_made and given.referred is null)::%2$s[])
        and r.organization_id = $2
      returning r.id::text as id, to_jsonb(r) as record
    )
    select (select jsonb_agg(jsonb_build_array(given.number, given.id, gone.record)
                             order by given.number)
            from given join gone on gone.id = given.id),
           (select jsonb_agg(
              jsonb_build_object('number', given.number, 'id', given.id, 'now', to_jsonb(r))
              || case
                when r.id is null then '{"why": "it was deleted since"}'
                when given.is_as_made then jsonb_build_object(
                  'why', coalesce(given.referred, 'the database keeps it'))
                else '{}' end
              order by given.number)
            from given
            left join %1$s r on r.id = any (array[given.id::%2$s]) and r.organization_id = $2
            where given.id not in (select gone.id from gone))
    $sql$, relation, import_internal.id_type(relation))
  into changed.removed, kept
  using asked, run.organization_id, referred;
end $$;
