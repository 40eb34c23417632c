-- Bids: the upsert function behind apply_bids_batch.

-- Inserts bids, always as new ones. None is refused for being there already.
-- rows: {"row_number", "client_name", "project_name", then only what was given, by column}.
create function import_internal.upsert_bids(
  run public.import_runs, rows jsonb, out refusals jsonb, out changed public.import_changes)
language plpgsql security invoker set search_path = '' as $$
declare
  fields constant text[] := array[
    'client_name', 'project_name', 'title', 'description', 'subtotal', 'tax_amount', 'total',
    'amount', 'status', 'valid_until', 'notes', 'terms', 'created_by'];
  names text;
  given text;
begin
  select string_agg(format(', %I', c.name), ''),
         string_agg(format(', coalesce(given.%I, %s)', c.name, c.default_value), '')
  into names, given
  from import_internal.columns_of('public.bids') c
  where c.name = any (fields);

  execute format(
    $sql$
    with landed as (
      insert into public.bids as b (organization_id %s)
      select $2 %s
      from jsonb_array_elements($1) as entry
      cross join lateral jsonb_populate_record(
        null::public.bids,
        $3 || jsonb_build_object('title', entry -> 'project_name', 'amount', entry -> 'total')
        || entry || $4) as given
      order by (entry ->> 'row_number')::integer
      returning b.id::text
    )
    select array_agg(landed.id) from landed
    $sql$, names, given)
  into changed.created_ids
  using rows, run.organization_id,
    jsonb_build_object(
      'status', 'draft', 'valid_until', now() + interval '30 days',
      'terms', 'Payment due within 30 days'),
    jsonb_build_object('created_by', import_internal.creator_of(run));
  changed.created_rows := array(
    select (entry ->> 'row_number')::integer as row_number
    from jsonb_array_elements(rows) as entry order by row_number);
  if cardinality(changed.created_ids) <> cardinality(changed.created_rows) then
    -- A trigger of the CRM's left some out: which ones, is found row by row.
    raise exception 'bids are not stored';
  end if;
  refusals := '[]';
end $$;

-- A batch of bids; rows as upsert_bids takes them. The rest: import_internal.apply_batch.
create function public.apply_bids_batch(
  run_id uuid, first_row integer, last_row integer, rows jsonb, errors jsonb
) returns jsonb
language sql security invoker set search_path = '' as $$
  select import_internal.apply_batch(
    run_id, first_row, last_row, rows, errors, 'import_internal.upsert_bids');
$$;

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on function public.apply_bids_batch(uuid, integer, integer, jsonb, jsonb)
from public, anon, authenticated;
grant execute on function public.apply_bids_batch(uuid, integer, integer, jsonb, jsonb)
to service_role;
