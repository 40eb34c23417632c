-- How telling does, for its operator, and what goes of it.

-- Entries that are old, and with them how they were delivered and what is in inboxes.
create function import_internal.prune_notifications(
  after jsonb, most integer, dry_run boolean)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  removed integer;
begin
  if dry_run then
    select count(*) into removed from public.import_notifications n
    where n.created_at < import_internal.kept_since('notifications_days');
    return jsonb_build_object('removed', removed, 'next', null);
  end if;
  delete from public.import_notifications n
  where n.id in (
    select old.id from public.import_notifications old
    where old.created_at < import_internal.kept_since('notifications_days')
    order by old.created_at, old.id
    limit most);
  get diagnostics removed = row_count;
  return jsonb_build_object(
    'removed', removed, 'next', case when removed = most then coalesce(after, '{}') end);
end $$;

-- Returns {"asked": {kind: channels that are on}, "failed": {kind: deliveries that failed in the last
-- day}, "waiting": {kind: deliveries that nobody has tried for a quarter of an hour since they were
-- due}, "off": webhooks that the worker switched off}. A kind of which there is none is left out.
create function public.notification_health()
returns jsonb
language sql stable security invoker set search_path = '' as $$
  select jsonb_build_object(
    'asked', (
      select coalesce(jsonb_object_agg(kind, channels), '{}')
      from (select c.kind, count(*) as channels from public.notification_channels c
            where c.is_enabled group by c.kind) as of_kind),
    'failed', (
      select coalesce(jsonb_object_agg(kind, deliveries), '{}')
      from (select d.kind, count(*) as deliveries from public.notification_deliveries d
            where d.status = 'failed' and d.ended_at > now() - interval '1 day'
            group by d.kind) as of_kind),
    'waiting', (
      select coalesce(jsonb_object_agg(kind, deliveries), '{}')
      from (select d.kind, count(*) as deliveries from public.notification_deliveries d
            where d.status = 'pending' and d.next_try_at < now() - interval '15 minutes'
              and (d.lease_expires_at is null or d.lease_expires_at < now())
            group by d.kind) as of_kind),
    'off', (
      select count(*) from public.notification_channels c where c.disabled_reason is not null));
$$;

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on function public.notification_health() from public, anon, authenticated;
grant execute on function public.notification_health() to service_role;
