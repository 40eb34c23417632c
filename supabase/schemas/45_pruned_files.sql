-- Files that are too old. Which ones, the database knows; removing them is Storage's work, which
-- alone knows where their bytes lie: a row of storage.objects that is deleted here would leave them.

-- Names files that shall go, as import_internal.prune_* do what they do: of each bucket that has a
-- setting <bucket>_files_days, by name. The answer has "bucket" and "names" besides; "next" goes on
-- after them whether they were removed or not, and what was not removed is named again next time.
--
-- A file stays while it is young, and as long as a job of its organization that is not over, or not
-- over for that long, names it in file_data.source or has its id in the file's path: the refused
-- rows of a job are <organization>/failed/<job>.csv, what a job wrote <organization>/<job>/…. A
-- repeating job is never over: its next occurrence waits.
-- What leads to a file goes before the file does (import_runs.failed_rows_path, export_path).
create function import_internal.prune_files(after jsonb, most integer, dry_run boolean)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  page constant integer := 1000;
  -- The buckets from the one on where `after` stands.
  buckets constant text[] := array(
    select left(s.name, -char_length('_files_days'))
    from public.import_settings s
    where s.name like '%\_files\_days'
      and left(s.name, -char_length('_files_days')) >= coalesce(after ->> 'bucket', '')
    order by 1);
  old_before timestamptz;
  looked text[];
  names text[];
  next jsonb;
begin
  if to_regclass('storage.objects') is null or cardinality(buckets) = 0 then
    return jsonb_build_object('removed', 0, 'next', null, 'bucket', '', 'names', '[]'::jsonb);
  end if;
  old_before := import_internal.kept_since(buckets[1] || '_files_days');
  looked := array(
    select o.name from storage.objects o
    where o.bucket_id = buckets[1]
      and o.name > case after ->> 'bucket' when buckets[1] then after ->> 'name' else '' end
    order by o.name
    limit case old_before when '-infinity' then 0 else page end);

  with candidate as materialized (
    select o.name, split_part(o.name, '/', 1) as organization_id,
           split_part(o.name, '/', 2) as folder,
           split_part(split_part(o.name, '/', 3), '.', 1) as stem
    from storage.objects o
    where o.bucket_id = buckets[1] and o.name = any (looked)
      and greatest(o.created_at, o.updated_at) < old_before
  ),
  needing as materialized (
    select j.id::text as id, j.file_data #>> '{source,path}' as path
    from public.scheduled_jobs j
    where j.organization_id in (select candidate.organization_id from candidate)
      -- As over_since has it, which would be called for every job of the organization.
      and (j.status in ('pending', 'processing')
           or coalesce(j.completed_at, j.created_at) >= old_before
           or j.id in (select r.job_id from public.import_runs r where r.finished_at is null))
  )
  select array(
    select candidate.name from candidate
    where candidate.name not in (select n.path from needing n where n.path is not null)
      and candidate.folder not in (select n.id from needing n)
      and candidate.stem not in (select n.id from needing n)
    order by candidate.name
    limit case when not dry_run then most end)
  into names;

  if cardinality(names) = most and not dry_run then
    next := jsonb_build_object('bucket', buckets[1], 'name', names[most]);
  elsif cardinality(looked) = page then
    next := jsonb_build_object('bucket', buckets[1], 'name', looked[page]);
  elsif cardinality(buckets) > 1 then
    next := jsonb_build_object('bucket', buckets[2], 'name', '');
  end if;
  if not dry_run then
    update public.import_runs r
    set failed_rows_path = null
    where r.failed_rows_path = any (names)
      and r.job_id = any (array(
        select substring(
          name from '/failed/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})[.]csv$')::uuid
        from unnest(names) as name));
    update public.import_runs r
    set export_path = null
    where r.export_path = any (names)
      and r.job_id = any (array(
        select substring(
          name from '^[^/]+/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/')::uuid
        from unnest(names) as name));
  end if;
  return jsonb_build_object(
    'removed', cardinality(names), 'next', next, 'bucket', buckets[1],
    'names', case when dry_run then '[]'::jsonb else to_jsonb(names) end);
end $$;
