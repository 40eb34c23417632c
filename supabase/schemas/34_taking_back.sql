-- Taking changes back: one function each for what was removed, changed and made. They take records
-- by their ids, each at most once, and give what they changed as a change set, and what they kept:
-- [{"number", "id", "now" (the record, where there is one), and "why", a sentence, or "fields":
-- [{"field", "before", "imported", "now"}, ...], those that somebody changed since; neither where the
-- record was changed since and it is not known which field}, ...].
-- Table names come from change sets, whose data types a constraint knows.

-- What a change set says of keywords that it does not hold (search_keywords, `after`).
create function import_internal.words_hash(keywords jsonb)
returns bigint
language sql immutable security invoker set search_path = '' as $$
  select case when jsonb_typeof(keywords) = 'array'
    then hash_array_extended(array(select jsonb_array_elements_text(keywords)), 0) end;
$$;

-- Inserts records that an undo had removed, with their ids.
-- asked: [{"number", "id", "record"}, ...].
create function import_internal.insert_again(
  run public.import_runs, relation regclass, asked jsonb,
  out changed public.import_changes, out kept jsonb)
language plpgsql security invoker set search_path = '' as $$
declare
  -- A generated column makes itself again; one that came after the removal has its default.
  names constant text[] := (
    select array_agg(format('%I', a.attname) order by a.attnum)
    from pg_catalog.pg_attribute a
    where a.attrelid = relation and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      and asked #> '{0,record}' ? a.attname::text);
begin
  execute format(
    $sql$
    with given as materialized (
      select (entry ->> 'number')::integer as number, entry ->> 'id' as id,
             entry -> 'record' as record
      from jsonb_array_elements($1) as entry
    ),
    landed as (
      insert into %1$s as r (%2$s) overriding system value
      select %3$s
      from given
      cross join lateral jsonb_populate_record(null::%1$s, given.record) as given_record
      where given_record.organization_id = $2
      order by given.id
      on conflict do nothing
      returning r.id::text as id
    )
    select array_agg(given.number order by given.number) filter (where landed.id is not null),
           array_agg(given.id order by given.number) filter (where landed.id is not null),
           jsonb_agg(jsonb_build_object(
             'number', given.number, 'id', given.id, 'now', given.record,
             'why', 'another one was added since that must not stand beside it'))
             filter (where landed.id is null)
    from given left join landed on landed.id = given.id
    $sql$,
    relation, array_to_string(names, ', '), 'given_record.' || array_to_string(names, ', given_record.'))
  into changed.created_rows, changed.created_ids, kept
  using asked, run.organization_id;
end $$;

-- Gives records the values back that they had, column by column: where the value is still the one
-- that was written. Search keywords follow name, description and category: they go back with them
-- when nobody wrote others since; else the words of both stay, for too many find an item still.
-- asked: [{"number", "id", "changes": {column: [before, after], ...}}, ...].
create function import_internal.put_back(
  run public.import_runs, relation regclass, asked jsonb,
  out changed public.import_changes, out kept jsonb)
language plpgsql security invoker set search_path = ''
-- Each record by its id, whatever the planner thinks of the table: see upsert_inventory.
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off
set enable_mergejoin = off set enable_material = off
as $$
declare
  setters text;
begin
  select string_agg(
    format('%1$I = case when given.put ? %1$L then (given.values).%1$I else r.%1$I end', a.attname),
    ', ')
  into setters
  from pg_catalog.pg_attribute a
  where a.attrelid = relation and a.attnum > 0 and not a.attisdropped
    and a.attname in (
      select jsonb_object_keys(entry -> 'changes') from jsonb_array_elements(asked) as entry);
  if exists (
    select from import_internal.columns_of(relation) c where c.name = 'updated_at')
  then
    setters := concat_ws(', ', setters, 'updated_at = now()');
  end if;

  execute format(
    $sql$
    with held as materialized (
      select given.*, record.now
      from (
        select (entry ->> 'number')::integer as number, entry ->> 'id' as id,
               entry -> 'changes' as changes
        from jsonb_array_elements($1) as entry
        order by entry ->> 'id'
      ) as given
      left join lateral (
        select to_jsonb(r) as now from %1$s r
        where r.id = given.id::%2$s and r.organization_id = $2
        limit 1
        for update) as record on true
    ),
    judged as materialized (
      select held.*, v.*,
             import_internal.words_hash(held.now -> 'search_keywords')
               is not distinct from (held.changes #>> '{search_keywords,1}')::bigint
               as has_its_words
      from held
      cross join lateral (
        select coalesce(jsonb_object_agg(c.key, c.value -> 0) filter (where state.is_ours), '{}')
                 as fields,
               bool_or(state.is_ours and c.key in ('name', 'description', 'category')) as renames,
               coalesce(bool_or(
                 state.is_anothers and c.key in ('name', 'description', 'category')), false)
                 as is_renamed,
               jsonb_agg(jsonb_build_object(
                 'field', c.key, 'before', c.value -> 0, 'imported', c.value -> 1,
                 'now', held.now -> c.key) order by c.key) filter (where state.is_anothers)
                 as kept
        from jsonb_each(held.changes) as c
        cross join lateral (
          select held.now -> c.key = c.value -> 1 as is_ours,
                 held.now ? c.key
                 and held.now -> c.key not in (c.value -> 1, c.value -> 0) as is_anothers) as state
        where c.key not in ('search_keywords', 'keyword_version')
      ) as v
      where held.now is not null
    ),
    given as materialized (
      select judged.number, judged.id, judged.now, judged.fields || words.put as put
      from judged
      cross join lateral (
        select case
          when not judged.is_renamed and judged.has_its_words then
            coalesce((
              select jsonb_object_agg(c.key, c.value -> 0) from jsonb_each(judged.changes) as c
              where c.key in ('search_keywords', 'keyword_version')), '{}')
          when judged.renames and judged.changes ? 'search_keywords' then
            jsonb_build_object('search_keywords', array(
              select distinct word
              from jsonb_array_elements(jsonb_build_array(
                     judged.now -> 'search_keywords', judged.changes #> '{search_keywords,0}')) as of_it
              cross join lateral jsonb_array_elements_text(
                case when jsonb_typeof(of_it) = 'array' then of_it else '[]' end) as word
              order by word limit 96))
          else '{}' end as put) as words
    ),
    written as (
      update %1$s r
      set %3$s
      from (
        select given.*, jsonb_populate_record(null::%1$s, given.put) as values
        from given where given.put <> '{}' offset 0) as given
      where r.id = any (array[given.id::%2$s]) -- not =: see contacts_wave
      returning given.number, given.id, given.put, given.now, to_jsonb(r) as after
    ),
    told as (
      select c.key,
             jsonb_agg(jsonb_build_array(
               w.number, w.now -> c.key,
               case c.key when 'search_keywords'
                 then to_jsonb(import_internal.words_hash(w.after -> c.key))
                 else w.after -> c.key end) order by w.number) as list
      from written w cross join lateral jsonb_each(w.put) as c
      where w.now -> c.key is distinct from w.after -> c.key
      group by c.key
    )
    select array(select w.number from written w order by w.number),
           array(select w.id from written w order by w.number),
           (select jsonb_object_agg(told.key, told.list) from told),
           (select jsonb_agg(jsonb_build_object(
              'number', k.number, 'id', k.id, 'now', k.now, 'fields', k.kept) order by k.number)
            from judged k where k.kept is not null),
           (select jsonb_agg(jsonb_build_object(
              'number', h.number, 'id', h.id, 'why', 'it was deleted since') order by h.number)
            from held h where h.now is null)
    $sql$, relation, import_internal.id_type(relation), setters)
  into changed.updated_rows, changed.updated_ids, changed.changes, kept, asked
  using asked, run.organization_id;
  kept := coalesce(kept, '[]') || coalesce(asked, '[]');
end $$;

-- Takes one of the steps for all that is asked, or, if the database refuses some of it, for
-- each record by itself: what is refused is kept, with the reason.
create function import_internal.try_step(
  step regproc, run public.import_runs, relation regclass, asked jsonb,
  out changed public.import_changes, out kept jsonb)
language plpgsql security invoker set search_path = '' as $$
declare
  call constant text := format('select changed, kept from %s($1, $2, $3)', step);
  entry jsonb;
  attempt record;
  broken_constraint text;
  broken_column text;
begin
  kept := '[]';
  if coalesce(asked, '[]') = '[]' then return; end if;
  begin
    execute call into attempt using run, relation, asked;
    changed := attempt.changed;
    kept := coalesce(attempt.kept, '[]');
  exception
    when data_exception or integrity_constraint_violation or program_limit_exceeded
      or raise_exception then
    for entry in select value from jsonb_array_elements(asked) loop
      begin
        execute call into attempt using run, relation, jsonb_build_array(entry);
        changed := import_internal.joined(changed, attempt.changed);
        kept := kept || coalesce(attempt.kept, '[]');
      exception
        when data_exception or integrity_constraint_violation or program_limit_exceeded
          or raise_exception then
        get stacked diagnostics broken_constraint = constraint_name, broken_column = column_name;
        kept := kept || jsonb_build_object(
          'number', entry -> 'number', 'id', entry -> 'id', 'now', entry -> 'record',
          'why', case when sqlstate = '23503' then 'something refers to it, or it to what is gone'
            else import_internal.refusal_message(sqlstate, broken_constraint, broken_column) end);
      end;
    end loop;
  end;
end $$;
