-- Contacts that may be one: suggestions, for a person to decide on (*_merged_contacts.sql).

-- Groups of an organization's contacts that share an e-mail (in any case, made-up ones aside), a phone
-- number (by its last ten digits, of at least seven) or a legacy number: "reason" and "value" say what
-- they share, "contacts" lists them, the oldest first, at most 20 of "count".
-- Called by users: the CRM shows it after an import of contacts. It runs as its
-- caller, so row level security leaves a user with their own organization's contacts, whatever
-- organization is named. NULL: all that the caller may see.
create function public.contact_duplicates(of_organization text default null)
returns table (
  organization_id text, reason text, value text, count bigint, contacts jsonb)
language plpgsql stable security invoker set search_path = '' as $$
declare
  keys constant jsonb := '{
    "email": "nullif(case when c.email::text not ilike ''%@import.invalid'' then lower(btrim(c.email::text)) end, '''')",
    "phone": "nullif(case when length(regexp_replace(c.phone::text, ''\\D'', '''', ''g'')) >= 7 then right(regexp_replace(c.phone::text, ''\\D'', '''', ''g''), 10) end, '''')",
    "legacy_number": "nullif(btrim(c.legacy_number::text), '''')"}';
  shown constant text[] := array[
    'id', 'name', 'company', 'email', 'phone', 'legacy_number', 'created_at'];
  shown_here text;
  groups text;
begin
  -- Not every project's contacts have all of these columns.
  select string_agg(format('%L, c.%I', a.attname, a.attname), ', ') into shown_here
  from pg_catalog.pg_attribute a
  where a.attrelid = 'public.contacts'::regclass and not a.attisdropped and a.attname = any (shown);
  select string_agg(
    format('select c.organization_id, %L, %s, c.id::text, jsonb_build_object(%s)
            from public.contacts c where ($1 is null or c.organization_id = $1)',
           a.attname, keys ->> a.attname::text, shown_here), ' union all ')
  into groups
  from pg_catalog.pg_attribute a
  where a.attrelid = 'public.contacts'::regclass and not a.attisdropped
    and keys ? a.attname::text;
  if groups is null then return; end if;

  return query execute format(
    $sql$
    select g.organization_id, g.reason, g.value, count(*), jsonb_agg(g.contact order by g.place)
             filter (where g.place <= 20)
    from (
      select k.*, row_number() over (
        partition by k.organization_id, k.reason, k.value
        order by k.contact ->> 'created_at', k.id) as place
      from (%s) as k (organization_id, reason, value, id, contact)
      where k.value is not null) as g
    group by g.organization_id, g.reason, g.value
    having count(*) > 1
    order by g.organization_id, g.reason, g.value
    $sql$, groups)
  using of_organization;
end $$;

revoke execute on function public.contact_duplicates(text) from public, anon;
grant execute on function public.contact_duplicates(text) to authenticated, service_role;
