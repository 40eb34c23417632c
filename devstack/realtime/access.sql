-- What the server asks of PostgreSQL for every change: temporary functions of its one session.
-- They follow supabase/walrus (realtime.apply_rls), whose rules the real server lives by.
-- `set search_path`: so that `supabase db advisors`, run on a devstack, speaks of the project alone.

-- A value as subscribers see it: to_jsonb of the column's own type, so no type is known in Python.
create function pg_temp.as_json(value text, type regtype) returns text
language plpgsql strict set search_path from current as $$
declare
  result text;
begin
  execute format('select to_jsonb($1::%s)::text', type) into result using value;
  return result;
end
$$;

-- Whether `value operator operand` holds, compared as the column's type. A NULL satisfies nothing.
create function pg_temp.satisfies(
  value text, type regtype, operator text, operand text, negated boolean
) returns boolean
language plpgsql set search_path from current as $$
declare
  result boolean;
  comparison constant text := case operator
    when 'eq' then '$1::%1$s = $2::%1$s'
    when 'neq' then '$1::%1$s <> $2::%1$s'
    when 'lt' then '$1::%1$s < $2::%1$s'
    when 'lte' then '$1::%1$s <= $2::%1$s'
    when 'gt' then '$1::%1$s > $2::%1$s'
    when 'gte' then '$1::%1$s >= $2::%1$s'
    when 'in' then '$1::%1$s = any ($2::%1$s[])'
  end;
begin
  execute 'select ' || format(comparison, type) into result using value, operand;
  return coalesce(result <> negated, false);
end
$$;

-- A table as the catalog has it now, a row a column, and which of the roles may read each. In
-- plpgsql, which plans it once: to plan it takes ten times as long as to ask.
create function pg_temp.table_columns(relation oid, roles text[])
returns table (
  name text, type text, in_primary_key boolean, readable_by text[], row_security boolean
)
language plpgsql stable set search_path from current as $$
begin
  return query
    select
      a.attname::text,
      t.typname::text,
      coalesce(a.attnum = any (i.indkey), false),
      array(
        select r from unnest(roles) as r
        where has_column_privilege(r, a.attrelid, a.attnum, 'select')
      ),
      c.relrowsecurity
    from pg_attribute as a
    join pg_class as c on c.oid = a.attrelid
    join pg_type as t on t.oid = a.atttypid
    left join pg_index as i on i.indrelid = a.attrelid and i.indisprimary
    where a.attrelid = relation and a.attnum > 0 and not a.attisdropped
    order by a.attnum;
end
$$;

-- For each pair of role and claims, whether row level security shows it the row of this key now.
-- A row that is gone again is shown to nobody. A policy that fails for one must not cost the others
-- the change, hence the block.
create function pg_temp.visible_to(
  relation regclass,
  key_columns text[],
  key_values text[],
  key_types regtype[],
  roles text[],
  claims text[]
) returns boolean[]
language plpgsql set search_path from current as $$
declare
  results boolean[] := '{}';
  result boolean;
  query constant text := format(
    'select exists (select from %s where %s)',
    relation,
    (
      select string_agg(format('%I = %L::%s', k.name, k.value, k.type), ' and ')
      from unnest(key_columns, key_values, key_types) as k (name, value, type)
    )
  );
begin
  for i in 1 .. cardinality(roles) loop
    begin
      perform set_config('request.jwt.claims', claims[i], true);
      perform set_config('role', roles[i], true);
      execute query into result;
      perform set_config('role', 'none', true);
    exception when others then
      result := false;
    end;
    results := results || result;
  end loop;
  return results;
end
$$;

-- How many published tables a binding reaches. Fails if a filter names a column that the role can't
-- read, or an operand that isn't of the column's type.
create function pg_temp.check_binding(
  binding_schema text,
  binding_table text,
  role text,
  filter_columns text[],
  filter_operators text[],
  filter_operands text[]
) returns integer
language plpgsql set search_path from current as $$
declare
  relation regclass;
  relations integer := 0;
  filter record;
  filter_type regtype;
begin
  for relation in
    select format('%I.%I', p.schemaname, p.tablename)::regclass
    from pg_publication_tables as p
    where p.pubname = 'supabase_realtime'
      and binding_schema in ('*', p.schemaname)
      and binding_table in ('*', p.tablename)
  loop
    relations := relations + 1;
    for filter in
      select *
      from unnest(filter_columns, filter_operators, filter_operands) as f (name, operator, operand)
    loop
      select a.atttypid into filter_type
      from pg_attribute as a
      where a.attrelid = relation and a.attnum > 0 and a.attname = filter.name
        and has_column_privilege(role, relation, a.attnum, 'select');
      if not found then
        raise exception 'invalid column for filter %', filter.name;
      end if;
      perform pg_temp.as_json(
        filter.operand,
        case when filter.operator = 'in' then format('%s[]', filter_type)::regtype else filter_type end
      );
    end loop;
  end loop;
  perform quote_ident(role)::regrole;  -- fails for a role that does not exist
  return relations;
end
$$;
