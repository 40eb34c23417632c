-- Two contacts made one, by an operator and with a way back: python -m worker duplicates contacts.
--
-- Not a change set of an import (import_changes): that belongs to a job, and knows nothing of the rows
-- of other tables that refer to a record, which a merge must move along, and back.
-- PT412 refuses what cannot be done; its message is for the operator.

create table public.merged_contacts (
  id text primary key, -- of the contact that is gone; text, for not every project's ids are uuids
  organization_id text not null references public.organizations (id) on delete cascade,
  kept_id text not null, -- of the one that it was merged into
  contact jsonb not null, -- the one that is gone, every column
  filled jsonb not null, -- what the other was given: {column: [before, after], ...}
  -- What referred to the one that is gone: [{"table", "constraint", "keys": [primary key, ...]}, ...].
  moved jsonb not null,
  merged_at timestamptz not null default now()
);
create index merged_contacts_org_idx on public.merged_contacts (organization_id);
create index merged_contacts_merged_at_idx on public.merged_contacts (merged_at);

-- Who may do what: ../policies/merged_contacts.sql.
-- merged_contacts: contacts that were merged into others. Users see their organization's, so that
-- nobody has to ask where a contact went. Merging and taking it back are functions, which an operator
-- calls with the secret key.
alter table public.merged_contacts enable row level security;

revoke all on public.merged_contacts from public, anon, authenticated;
grant select on public.merged_contacts to authenticated;
grant select, insert, update, delete on public.merged_contacts to service_role;

create policy merged_contacts_select_own_organization on public.merged_contacts
  for select to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));

-- A contact of an organization, locked; NULL when there is none.
create function import_internal.locked_contact(organization_id text, contact_id text)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  contact jsonb;
begin
  execute format(
    'select to_jsonb(c) from public.contacts c where c.id = $1::%s and c.organization_id = $2
     for update', import_internal.id_type('public.contacts'))
  into contact using contact_id, locked_contact.organization_id;
  return contact;
exception when invalid_text_representation then
  return null; -- no id at all
end $$;

-- The foreign keys to contacts: SQL that makes t refer to the row `target` of contacts, SQL that says
-- whether it refers to the row `source`, and SQL for t's primary key as JSON (NULL: it has none).
create function import_internal.references_to_contacts()
returns table (relation regclass, name name, redirect text, refers text, key text, has_key text)
language sql stable security invoker set search_path = '' as $$
  select c.conrelid::regclass, c.conname,
         string_agg(format('%I = target.%I', t.attname, i.attname), ', '),
         string_agg(format('t.%I = source.%I', t.attname, i.attname), ' and '),
         (select format('jsonb_build_object(%s)', string_agg(
            format('%L, t.%I', k.attname, k.attname), ', '))
          from pg_catalog.pg_index x
          join pg_catalog.pg_attribute k on k.attrelid = x.indrelid and k.attnum = any (x.indkey)
          where x.indrelid = c.conrelid and x.indisprimary
          having count(*) > 0),
         (select string_agg(format('t.%I = given.%I', k.attname, k.attname), ' and ')
          from pg_catalog.pg_index x
          join pg_catalog.pg_attribute k on k.attrelid = x.indrelid and k.attnum = any (x.indkey)
          where x.indrelid = c.conrelid and x.indisprimary)
  from pg_catalog.pg_constraint c
  cross join unnest(c.conkey, c.confkey) as pair (referencing, referenced)
  join pg_catalog.pg_attribute t on t.attrelid = c.conrelid and t.attnum = pair.referencing
  join pg_catalog.pg_attribute i on i.attrelid = c.confrelid and i.attnum = pair.referenced
  where c.contype = 'f' and c.confrelid = 'public.contacts'::regclass
    and c.conparentid = 0 -- a partition's comes with its table's
  group by c.oid, c.conrelid, c.conname;
$$;

-- Points whatever refers to one contact at another. Returns what merged_contacts.moved says of it.
-- Errors: PT412 where a table may not be changed, or cannot hold both rows for one contact.
create function import_internal.move_references(source jsonb, target jsonb)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  reference record;
  keys jsonb;
  moved jsonb := '[]';
begin
  for reference in select * from import_internal.references_to_contacts() loop
    if not has_table_privilege(reference.relation, 'select')
      or not has_any_column_privilege(reference.relation, 'update')
    then
      raise sqlstate 'PT412' using message = format(
        'Rows of %1$s may refer to the contact, and the worker may not change them. '
        'Please run: grant select, update on %1$s to service_role;', reference.relation);
    end if;
    begin
      execute format(
        'with moved as (
           update %1$s t set %2$s
           from jsonb_populate_record(null::public.contacts, $1) as source,
                jsonb_populate_record(null::public.contacts, $2) as target
           where %3$s
           returning %4$s as key)
         select jsonb_agg(moved.key) from moved',
        reference.relation, reference.redirect, reference.refers, coalesce(reference.key, 'null'))
      into keys using source, target;
    exception when unique_violation then
      raise sqlstate 'PT412' using message = format(
        'Both contacts have rows in %s that cannot belong to one contact. Please remove one of them '
        'in the CRM first.', reference.relation);
    end;
    if keys is not null then
      moved := moved || jsonb_build_object(
        'table', reference.relation::text, 'constraint', reference.name, 'keys', keys);
    end if;
  end loop;
  return moved;
end $$;

-- Gives a contact some values, by column.
create function import_internal.fill_contact(contact jsonb, given jsonb)
returns void
language plpgsql security invoker set search_path = '' as $$
begin
  execute format(
    'update public.contacts c set %s
     from jsonb_populate_record(null::public.contacts, $1) as given,
          jsonb_populate_record(null::public.contacts, $2) as contact
     where c.id = contact.id',
    (select string_agg(format('%1$I = given.%1$I', name), ', ')
     from jsonb_object_keys(given) as name))
  using given, contact;
end $$;

-- Merges the contact gone_id into kept_id: what kept_id lacks, it is given; what refers to gone_id
-- refers to kept_id from then on; gone_id is removed, and kept in merged_contacts.
-- Only empty columns are filled, and a made-up e-mail; status, price level and owner stay as they are.
-- Returns {"filled": [column, ...], "moved": rows of other tables}. Errors: PT412.
create function public.merge_contacts(organization_id text, kept_id text, gone_id text)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  low constant jsonb :=
    import_internal.locked_contact(organization_id, least(kept_id, gone_id)); -- always in one order
  high constant jsonb := import_internal.locked_contact(organization_id, greatest(kept_id, gone_id));
  kept constant jsonb := case when kept_id < gone_id then low else high end;
  gone constant jsonb := case when kept_id < gone_id then high else low end;
  given jsonb;
  moved jsonb;
begin
  if low is null or high is null then
    raise sqlstate 'PT412' using message =
      'One of these contacts is not there, or not of this organization.';
  elsif kept ->> 'id' = gone ->> 'id' then
    raise sqlstate 'PT412' using message = 'These are one contact already.';
  end if;

  select jsonb_object_agg(c.name, gone -> c.name) into given
  from import_internal.columns_of('public.contacts') c
  where c.name not in ('id', 'organization_id', 'created_at', 'created_by', 'owner_id', 'status',
                       'price_level')
    and c.name <> all (import_internal.derived_columns())
    and (kept -> c.name in ('null', '""')
         or c.name = 'email' and kept ->> 'email' ilike '%@import.invalid')
    and gone -> c.name not in ('null', '""')
    and not (c.name = 'email' and gone ->> 'email' ilike '%@import.invalid');

  moved := import_internal.move_references(gone, kept);
  execute format(
    'delete from public.contacts c using jsonb_populate_record(null::public.contacts, $1) as gone
     where c.id = gone.id') using gone;
  if given is not null then
    -- After the delete: the CRM may want e-mails to be unique.
    perform import_internal.fill_contact(kept, given);
  end if;
  insert into public.merged_contacts (id, organization_id, kept_id, contact, filled, moved)
  values (
    gone ->> 'id', merge_contacts.organization_id, kept ->> 'id', gone,
    coalesce((select jsonb_object_agg(g.key, jsonb_build_array(kept -> g.key, g.value))
              from jsonb_each(given) as g), '{}'),
    moved);
  return jsonb_build_object(
    'filled', array(select jsonb_object_keys(given) order by 1),
    'moved', (select coalesce(sum(jsonb_array_length(m -> 'keys')), 0)
              from jsonb_array_elements(moved) as m));
end $$;

-- Takes a merge back: the contact comes back as it was, with what referred to it, as far as it refers
-- to the other one still. Of the other one, a column goes back that still holds what the merge wrote.
-- Returns {"restored": [column, ...], "moved": rows of other tables}. Errors: PT412.
create function public.unmerge_contacts(organization_id text, gone_id text)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  merge public.merged_contacts;
  kept jsonb;
  back jsonb;
  reference record;
  rows_back integer;
  moved integer := 0;
begin
  select * into merge from public.merged_contacts m
  where m.id = gone_id and m.organization_id = unmerge_contacts.organization_id
  for update;
  if merge.id is null then
    raise sqlstate 'PT412' using message = format(
      'No contact with the id %s was merged, or it is too long ago.', gone_id);
  end if;
  kept := import_internal.locked_contact(organization_id, merge.kept_id);

  select jsonb_object_agg(f.key, f.value -> 0) into back
  from jsonb_each(merge.filled) as f where kept -> f.key = f.value -> 1;
  if back is not null then
    -- Before the insert: the CRM may want e-mails to be unique.
    perform import_internal.fill_contact(kept, back);
  end if;
  begin
    perform import_internal.insert_stored('public.contacts', merge.contact);
  exception when unique_violation then
    raise sqlstate 'PT412' using message =
      'Another contact has what must be unique of this one. Please change that first.';
  end;

  for reference in
    select r.*, m -> 'keys' as keys
    from jsonb_array_elements(merge.moved) as m
    join import_internal.references_to_contacts() r
      on r.relation = to_regclass(m ->> 'table') and r.name = m ->> 'constraint'
    where kept is not null and r.key is not null
  loop
    execute format(
      'update %1$s t set %2$s
       from jsonb_array_elements($3) as stored
       cross join lateral jsonb_populate_record(null::%1$s, stored) as given,
            jsonb_populate_record(null::public.contacts, $1) as source,
            jsonb_populate_record(null::public.contacts, $2) as target
       where %3$s and %4$s', reference.relation, reference.redirect, reference.refers,
      reference.has_key)
    using kept, merge.contact, reference.keys;
    get diagnostics rows_back = row_count;
    moved := moved + rows_back;
  end loop;
  delete from public.merged_contacts m where m.id = merge.id;
  return jsonb_build_object(
    'restored', array(select jsonb_object_keys(back) order by 1), 'moved', moved);
end $$;

-- Duplicates that were merged too long ago to be restored: import_internal.prune_*.
create function import_internal.prune_merged(after jsonb, most integer, dry_run boolean)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  old_before constant timestamptz := import_internal.kept_since('merged_days');
  answer jsonb;
begin
  with old_items as materialized (
    select d.id from public.inventory_duplicates d
    where d.merged_at < old_before limit case when not dry_run then most end
  ),
  old_contacts as materialized (
    select m.id from public.merged_contacts m
    where m.merged_at < old_before limit case when not dry_run then most end
  ),
  gone_items as (
    delete from public.inventory_duplicates d using old_items o where d.id = o.id and not dry_run
  ),
  gone_contacts as (
    delete from public.merged_contacts m using old_contacts o where m.id = o.id and not dry_run
  )
  -- What is removed is not found again: there is nowhere to go on but at the start.
  select jsonb_build_object(
    'removed', items.number + contacts.number,
    'next', case when greatest(items.number, contacts.number) >= most and not dry_run
      then '{}'::jsonb end)
  into answer
  from (select count(*) as number from old_items) as items,
       (select count(*) as number from old_contacts) as contacts;
  return answer;
end $$;

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on function
  public.merge_contacts(text, text, text), public.unmerge_contacts(text, text)
from public, anon, authenticated;
grant execute on function
  public.merge_contacts(text, text, text), public.unmerge_contacts(text, text)
to service_role;
