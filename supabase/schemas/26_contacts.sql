-- Contacts: the upsert function behind apply_contacts_batch; with what bids use too.
--
-- Both tables are the CRM's, and no two projects have quite the same: columns that a table lacks
-- are left out, types and defaults are the table's own. Hence SQL made of the catalog, once a batch.

-- The columns that an import could write, with their types and their own defaults as SQL.
create function import_internal.columns_of(relation regclass)
returns table (name text, type text, default_value text)
language sql stable security invoker set search_path = '' as $$
  select a.attname, format_type(a.atttypid, a.atttypmod),
         coalesce(pg_get_expr(d.adbin, d.adrelid), 'null')
  from pg_catalog.pg_attribute a
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = relation and a.attnum > 0 and not a.attisdropped
    and a.attgenerated = '' and a.attidentity <> 'a';
$$;

-- Who created the job, as text; NULL unless it is a profile of the job's organization, to which
-- foreign keys may point.
create function import_internal.creator_of(run public.import_runs)
returns text
language sql stable security invoker set search_path = '' as $$
  select p.id::text
  from public.scheduled_jobs j
  join public.profiles p on p.id = j.created_by and p.organization_id = run.organization_id
  where j.id = run.job_id;
$$;

-- The matching ladder for contacts (docs/FRONTEND.md): its rungs that this table has the columns for,
-- from the top, each with its key as SQL, in which %1$s stands for the contact or the row. A key is
-- NULL when a part of it is missing, and so matches nothing.
-- md5 bounds the key, for a name may be longer than an index takes (2,704 bytes). And the key holds the
-- organization, so that the planner has one index to find it by: of (organization_id, name), which the
-- list has, or of any other that begins with the organization, it may believe the same, and read ten
-- thousand contacts for each row.
create function import_internal.contact_rungs()
returns table (place integer, name text, key text)
language sql stable security invoker set search_path = '' as $$
  select rung.place, rung.name,
         format('md5(%%1$s.organization_id || chr(31) || %s)', rung.key)
  from (values
    (1, 'legacy_number', '%1$s.legacy_number::text'),
    (2, 'email', '%1$s.email::text'),
    (3, 'account_owner_number',
     'lower(%1$s.account_owner_number::text) || chr(31) || %1$s.name::text'),
    (4, 'company', '%1$s.name::text || chr(31) || %1$s.company::text')
  ) as rung (place, name, key)
  join import_internal.columns_of('public.contacts') c on c.name = rung.name;
$$;

-- The statement that applies one wave of contacts: $1 rows (jsonb), $2 organization_id, $3 creator
-- (text or NULL), $4 the run's mode. It returns what it changed as a change set's columns, the
-- row_numbers that have to wait, and what is wrong with those that the mode keeps out, by row_number
-- (NULL: none).
--
-- A row waits while an earlier row of the batch could have a say in which contact it matches, or it
-- in that row's: one with the same legacy_number, e-mail or name, its own or those of the contact
-- that it matches now. Whatever the rows before a row that does not wait do, they give no contact its
-- keys (for they don't have them) and touch not the contact that it matches (for none of them finds
-- it by its keys): so it may go before them, and together with the others that don't wait.
-- A made-up name leaves a contact its old one: then the same company or owner makes a row wait too.
-- A row waits, too, whose contact somebody saves between the look and the update: upsert_inventory.
create function import_internal.contacts_wave()
returns text
language plpgsql stable security invoker set search_path = '' as $wave$
declare
  fields constant text[] := array[
    'name', 'email', 'phone', 'company', 'trade', 'status', 'price_level', 'address', 'city',
    'province', 'postal_code', 'notes', 'legacy_number', 'account_owner_number', 'ptd_sales',
    'ptd_gp_percent', 'ytd_sales', 'ytd_gp_percent', 'lyr_sales', 'lyr_gp_percent'];
  types jsonb; -- of every column, by name
  given text; -- item's columns
  oldest text; -- how the ladder orders contacts that match alike
  ladder text; -- the id of the contact that a row matches
  waits text; -- whether an earlier row has to go first
  -- The columns that are written: name, value when a contact is new and when it is there, and
  -- whether another value than before makes the contact a changed one.
  written jsonb;
begin
  select jsonb_object_agg(c.name, c.type) into types
  from import_internal.columns_of('public.contacts') c;

  select string_agg(format(', given.%I', f.name), '' order by f.place) into given
  from unnest(fields) with ordinality as f (name, place) where types ? f.name;

  oldest := case when types ? 'created_at' then 'least(c.created_at), c.id' else 'c.id' end;
  select string_agg(
    format(
      '(select c.id from public.contacts c
        where %s = %s
          -- Not "=", which another index could serve. And equal keys are no proof, for md5 has collisions.
          and c.organization_id is not distinct from item.organization_id
        order by %s limit 1)',
      format(rung.key, 'c'), format(rung.key, 'item'), oldest),
    ', ' order by rung.place)
  into ladder
  from import_internal.contact_rungs() rung;

  select string_agg(
    format('earlier.%1$I in (matched.%1$I, matched.%2$I)', k.name, 'known_' || k.name), ' or ')
  into waits
  from unnest(array['name', 'legacy_number', 'email']) as k (name) where types ? k.name;
  waits := waits || ' or earlier.name_made_up and (earlier.owner_email = matched.owner_email'
    || case when types ? 'company' then ' or earlier.company = matched.company)' else ')' end;

  select jsonb_agg(to_jsonb(w)) into written
  from (
    select f.name,
           format('coalesce(fresh.%I, %s)', f.name, case f.name
             when 'status' then '''Prospect''' when 'price_level' then '''Retail'''
             -- Never deliverable (RFC 2606), and no two alike.
             when 'email' then '''no-email-'' || fresh.new_id || ''@import.invalid'''
             else c.default_value end) as when_new,
           case f.name when 'name' then 'case when ready.name_made_up then c.name else ready.name end'
             else format('coalesce(ready.%1$I, c.%1$I)', f.name) end as when_there,
           true as compared
    from unnest(fields) as f (name)
    join import_internal.columns_of('public.contacts') c on c.name = f.name
    union all
    select s.name, format(s.when_new, types ->> s.name), format(s.when_there, types ->> s.name),
           s.compared
    from (values
      ('id', 'fresh.new_id', null, false),
      ('owner_id', 'coalesce(fresh.profile_id, $3)::%s',
       'coalesce(ready.profile_id::%1$s, c.owner_id, $3::%1$s)', true),
      ('created_by', '$3::%s', null, false),
      ('updated_by', '$3::%s', 'coalesce($3::%s, c.updated_by)', false),
      -- Rows of one batch have one now(), and the ladder prefers the oldest: the first in the file.
      ('created_at', '(now() + fresh.row_number * interval ''1 microsecond'')::%s', null, false),
      ('updated_at', 'now()::%s', 'now()::%s', false)
    ) as s (name, when_new, when_there, compared)
    where types ? s.name and (s.name <> 'id' or types ->> 'id' = 'uuid')
  ) as w;

  return format(
    $sql$
    with item as materialized (
      select (entry ->> 'row_number')::integer as row_number, $2::text as organization_id,
             lower(entry ->> 'account_owner_number') as owner_email,
             coalesce((entry ->> 'name_made_up')::boolean, false) as name_made_up %1$s
      from jsonb_array_elements($1) as entry
      cross join lateral jsonb_populate_record(null::public.contacts, entry) as given
    ),
    owner as materialized (
      select named.email, (
        select p.id::text from public.profiles p
        where p.organization_id = $2 and lower(to_jsonb(p) ->> 'email') = named.email
        order by p.id::text limit 1) as profile_id
      from (select distinct owner_email as email from item where owner_email is not null) as named
    ),
    found as materialized (
      select item.*, coalesce(%2$s) as id from item
    ),
    matched as materialized (
      select found.*, known.was, known.version %3$s
      from found
      left join lateral (
        select c as was, c.xmin as version from public.contacts c where c.id = found.id limit 1
      ) as known on true
    ),
    judged as materialized (
      select matched.*, exists (
        select from matched as earlier
        where earlier.row_number < matched.row_number and (%4$s)) as waits
      from matched
    ),
    kept_out as (
      select judged.row_number,
             case $4 when 'update' then 'no contact matches this row'
               else 'a contact matches this row already' end as message
      from judged
      where not judged.waits
        and case $4 when 'update' then judged.id is null when 'create' then judged.id is not null
              else false end
    ),
    ready as materialized (
      select judged.*, owner.profile_id
      from judged left join owner on owner.email = judged.owner_email
      where not judged.waits and judged.row_number not in (select k.row_number from kept_out k)
    ),
    different as materialized (
      select ready.*
      from ready cross join lateral (select (ready.was).*) as c
      where ready.id is not null and (%6$s) is distinct from (%7$s)
    ),
    updated as (
      update public.contacts c
      set %5$s
      from different as ready
      -- Not c.id = ready.id: the planner must not begin with the contacts, which it believes to be none
      -- when they were when somebody looked. By = any it cannot read all of them by an index.
      where c.id = any (array[ready.id]) and c.xmin = ready.version
      returning ready.row_number, c.id::text as record_id %10$s
    ),
    told as (
      select %11$s from updated
    ),
    landed as (
      insert into public.contacts as c (organization_id %8$s)
      select fresh.organization_id %9$s
      from (
        select ready.*, gen_random_uuid() as new_id from ready where ready.id is null
        order by ready.row_number offset 0
      ) as fresh
      returning c.id::text as record_id
    )
    select array(select ready.row_number from ready where ready.id is null order by 1),
           array(select landed.record_id from landed), -- in the order of the rows
           array(select updated.row_number from updated order by 1),
           array(select updated.record_id from updated order by updated.row_number),
           (select jsonb_strip_nulls(to_jsonb(told)) from told),
           array(
             select judged.row_number from judged where judged.waits
             union all
             select different.row_number from different
             where different.row_number not in (select updated.row_number from updated)),
           (select jsonb_object_agg(k.row_number, k.message) from kept_out k)
    $sql$,
    given,
    ladder,
    (select string_agg(format(', (known.was).%I as %I', k, 'known_' || k), '')
     from unnest(array['name', 'legacy_number', 'email']) k where types ? k),
    waits,
    (select string_agg(format('%I = %s', w ->> 'name', w ->> 'when_there'), ', ')
     from jsonb_array_elements(written) w where w ->> 'when_there' is not null),
    (select string_agg(format('c.%I', w ->> 'name'), ', ' order by w ->> 'name')
     from jsonb_array_elements(written) w where w -> 'compared' = 'true'),
    (select string_agg(w ->> 'when_there', ', ' order by w ->> 'name')
     from jsonb_array_elements(written) w where w -> 'compared' = 'true'),
    (select string_agg(format(', %I', w ->> 'name'), '' order by w ->> 'name')
     from jsonb_array_elements(written) w),
    (select string_agg(', ' || (w ->> 'when_new'), '' order by w ->> 'name')
     from jsonb_array_elements(written) w),
    (select string_agg(
       format(', case when c.%1$I is distinct from (ready.was).%1$I
                 then jsonb_build_array(ready.row_number, (ready.was).%1$I, c.%1$I) end as %1$I',
              w ->> 'name'), '')
     from jsonb_array_elements(written) w where w -> 'compared' = 'true'),
    (select string_agg(
       format('jsonb_agg(%1$I) filter (where %1$I is not null) as %1$I', w ->> 'name'), ', ')
     from jsonb_array_elements(written) w where w -> 'compared' = 'true'));
end $wave$;

-- Upserts contacts by the matching ladder (docs/FRONTEND.md) and returns what it changed:
-- legacy_number, then email, then account_owner_number and name, then name and company; a rung
-- counts when the row gives all of it, a rung without a match falls through to the next, and of
-- several contacts that match alike the oldest is meant.
-- rows: {"row_number", "name", then only what was given, by column}; account_owner_number is an
-- e-mail, whose profile becomes the contact's owner. "name_made_up": true says that the file had no
-- name: a contact that is there keeps its own.
-- The result is that of applying one row after the other, in the order of row_number.
-- Refused are, in the mode 'update', rows that no contact matches, and in the mode 'create' those that
-- one matches; one that an earlier row of the file made is a contact too.
create function import_internal.upsert_contacts(
  run public.import_runs, rows jsonb, out refusals jsonb, out changed public.import_changes)
language plpgsql security invoker set search_path = ''
-- Each contact by an index, as in upsert_inventory and for its reasons.
set enable_seqscan = off set enable_bitmapscan = off set enable_material = off
set enable_hashjoin = off set enable_mergejoin = off
set jit = off
as $$
declare
  wave constant text := import_internal.contacts_wave();
  creator constant text := import_internal.creator_of(run);
  remaining jsonb := rows;
  waiting integer[];
  written public.import_changes;
  kept_out jsonb;
  looks integer := 0; -- in a row that brought nothing
begin
  refusals := '[]';
  -- Each wave takes the first of the remaining rows at least, unless somebody saves its contact now.
  while remaining <> '[]' loop
    execute wave
    into written.created_rows, written.created_ids, written.updated_rows, written.updated_ids,
         written.changes, waiting, kept_out
    using remaining, run.organization_id, creator, run.mode;
    if cardinality(written.created_ids) <> cardinality(written.created_rows) or looks > 10 then
      -- Nobody saves that often. A trigger of the CRM's does not store a row as it came.
      raise exception 'contacts are not stored as they came';
    end if;
    changed := import_internal.joined(changed, written);
    if kept_out is not null then
      refusals := refusals || import_internal.refusals_of(remaining, kept_out, null);
    end if;
    exit when waiting = '{}';
    looks := case when cardinality(waiting) < jsonb_array_length(remaining) then 0 else looks + 1 end;
    remaining := (
      select jsonb_agg(entry) from jsonb_array_elements(remaining) as entry
      where (entry ->> 'row_number')::integer = any (waiting));
  end loop;
end $$;

-- A batch of contacts; rows as upsert_contacts takes them. The batches of a job come one after the
-- other, in the order of the file: the next one's rows may match contacts of this one.
-- The rest: import_internal.apply_batch.
create function public.apply_contacts_batch(
  run_id uuid, first_row integer, last_row integer, rows jsonb, errors jsonb
) returns jsonb
language sql security invoker set search_path = '' as $$
  select import_internal.apply_batch(
    run_id, first_row, last_row, rows, errors, 'import_internal.upsert_contacts');
$$;

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on function public.apply_contacts_batch(uuid, integer, integer, jsonb, jsonb)
from public, anon, authenticated;
grant execute on function public.apply_contacts_batch(uuid, integer, integer, jsonb, jsonb)
to service_role;
