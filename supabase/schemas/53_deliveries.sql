-- How an entry leaves the outbox: claimed by a worker, tried, and settled.

-- Takes what is due, for a worker that can send these kinds; at most `most`, and of each channel one
-- at a time and the oldest first, so that a receiver that hangs keeps nobody else's waiting and each
-- hears things in order. one: this delivery and no other, whether it is due or not.
-- Two workers never have one delivery at once: rows that somebody has locked are skipped, and a lease
-- is looked at again under the lock. A worker that dies leaves a lease that runs out; then it is sent
-- again, under the same notification_id.
-- Returns {"deliveries": [{"id", "attempt" (the first is 1), "kind", "notification_id", "event",
-- "organization_id", "organization", "created_at", "data", "channel_id",
--   of mail: "address", "language", "unsubscribe_token",
--   of a webhook: "url", "secrets": [the newest first]}, ...],
-- "next_in": seconds until the next one is due, or null}.
create function public.claim_notifications(
  worker_id text, lease_seconds integer, most integer, kinds text[], one uuid default null)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  found record;
  obstacle text;
  claimed jsonb := '[]';
begin
  update public.notification_deliveries d
  set status = 'failed', ended_at = now(),
      last_error = coalesce(d.last_error, 'no worker could send it in four days')
  where d.status = 'pending' and d.next_try_at <= now() and d.expires_at <= now()
    and (d.lease_expires_at is null or d.lease_expires_at <= now());

  for found in
    select d.id, d.kind, d.attempts, n.id as notification_id, n.event, n.organization_id,
           n.upload_id, n.created_at, n.data, c.id as channel_id, c.profile_id, c.url, c.language,
           c.is_enabled, c.unsubscribe_token, c.secret,
           case when c.secret_rotated_at > now() - interval '1 day' then c.previous_secret end
             as previous_secret
    from public.notification_deliveries d
    join public.import_notifications n on n.id = d.notification_id
    join public.notification_channels c on c.id = d.channel_id
    where d.status = 'pending' and d.kind = any (kinds)
      and (d.lease_expires_at is null or d.lease_expires_at <= now())
      and case when one is not null then d.id = one else
        d.next_try_at <= now() and not exists (
          select from public.notification_deliveries o
          where o.channel_id = d.channel_id and o.status = 'pending' and o.next_try_at <= now()
            and (o.lease_expires_at > now() or (o.next_try_at, o.id) < (d.next_try_at, d.id)))
      end
    order by d.next_try_at, d.id
    limit most
    for update of d skip locked
    for share of n skip locked
  loop
    if found.attempts = 0 and found.upload_id is not null
      and import_internal.has_unfinished_parts(found.upload_id)
    then
      update public.notification_deliveries d
      set next_try_at = now() + interval '10 seconds' where d.id = found.id;
      continue;
    end if;

    obstacle := case
      when not found.is_enabled and one is null then 'the channel was switched off'
      when found.profile_id is not null and not exists (
        select from public.profiles p
        where p.id = found.profile_id and p.organization_id = found.organization_id)
        then 'this person is not of the organization any more'
      when found.kind = 'email' and import_internal.email_of(found.profile_id) is null
        then 'this person has no confirmed address' end;
    if obstacle is not null then
      update public.notification_deliveries d
      set status = 'dropped', ended_at = now(), last_error = obstacle where d.id = found.id;
      continue;
    end if;

    update public.notification_deliveries d
    set attempts = d.attempts + 1, leased_by = claim_notifications.worker_id,
        lease_expires_at = now() + make_interval(secs => claim_notifications.lease_seconds)
    where d.id = found.id;
    claimed := claimed || jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
      'id', found.id, 'attempt', found.attempts + 1, 'kind', found.kind,
      'notification_id', found.notification_id, 'event', found.event,
      'organization_id', found.organization_id,
      'organization', (
        select o.name from public.organizations o where o.id = found.organization_id),
      'created_at', found.created_at, 'channel_id', found.channel_id))
      || case found.kind when 'email' then jsonb_build_object(
          'address', import_internal.email_of(found.profile_id),
          'language', coalesce(found.language, (
            select s.value #>> '{}' from public.import_settings s
            where s.name = 'notification_language'), 'en'),
          'unsubscribe_token', found.unsubscribe_token)
        else jsonb_build_object(
          'url', found.url,
          'secrets', jsonb_path_query_array(
            jsonb_build_array(found.secret, found.previous_secret), '$[*] ? (@ != null)'))
      end || jsonb_build_object('data', found.data));
  end loop;

  return jsonb_build_object(
    'deliveries', claimed,
    'next_in', (
      select extract(epoch from min(greatest(d.next_try_at, d.lease_expires_at)) - now())
      from public.notification_deliveries d
      where d.status = 'pending' and d.kind = any (kinds)
        and (d.leased_by is distinct from claim_notifications.worker_id
             or d.lease_expires_at <= now())));
end $$;

-- Says how a try went:
--   'delivered'  it is there
--   'retry'      again in retry_in seconds; after ten tries, or four days, it has failed
--   'failed'     another try would not help
--   'gone'       the receiver wants nothing more (410): the channel is switched off
--   'released'   it was not tried, for the worker stops; it does not count
-- error: why, in words, for whoever set up the channel: nothing that was sent or answered.
-- Called again after a lost answer it changes nothing, and a try that is not the newest only counts if
-- it arrived. Returns {"status"}; null: there is no such delivery any more.
create function public.settle_notification(
  delivery_id uuid, attempt integer, outcome text, error text default null,
  retry_in double precision default null)
returns jsonb
language plpgsql security invoker set search_path = '' as $$
declare
  delivery public.notification_deliveries;
  is_current boolean;
  verdict text; -- its status from now on
begin
  select * into delivery from public.notification_deliveries d
  where d.id = settle_notification.delivery_id for update;
  if delivery.id is null then return '{"status": null}'; end if;
  is_current := delivery.attempts = attempt and delivery.lease_expires_at is not null;
  if delivery.status <> 'pending' or not is_current and outcome <> 'delivered' then
    return jsonb_build_object('status', delivery.status);
  end if;

  verdict := case
    when outcome = 'delivered' then 'delivered'
    when outcome in ('failed', 'gone') then 'failed'
    when outcome = 'released' then 'pending'
    when outcome = 'retry' and delivery.attempts < 10
      and now() + make_interval(secs => retry_in) < delivery.expires_at then 'pending'
    when outcome = 'retry' then 'failed' end;
  if verdict is null then
    raise invalid_parameter_value using message = format('unknown outcome %L', outcome);
  end if;
  update public.notification_deliveries d
  set status = verdict,
      attempts = d.attempts - (outcome = 'released')::integer,
      next_try_at = case outcome
        when 'retry' then now() + make_interval(secs => retry_in) else d.next_try_at end,
      leased_by = null, lease_expires_at = null,
      ended_at = case when verdict <> 'pending' then now() end,
      last_error = case outcome when 'released' then d.last_error else left(error, 300) end
  where d.id = delivery.id;

  if outcome = 'delivered' then
    update public.notification_channels c
    set last_delivered_at = now() where c.id = delivery.channel_id;
  elsif outcome <> 'released' then
    update public.notification_channels c
    set last_failed_at = now(), last_failure = left(error, 300),
        is_enabled = c.is_enabled and outcome <> 'gone',
        disabled_reason = case outcome when 'gone' then left(error, 300)
          else c.disabled_reason end
    where c.id = delivery.channel_id;
  end if;
  return jsonb_build_object('status', verdict);
end $$;

-- Sends again: what belongs to an entry, or one delivery, whatever became of it; NULL: all that
-- failed. Receivers know it by its id. Returns how many.
create function public.replay_notifications(of_id uuid default null)
returns integer
language plpgsql security invoker set search_path = '' as $$
declare
  replayed integer;
begin
  update public.notification_deliveries d
  set status = 'pending', attempts = 0, next_try_at = now(), ended_at = null,
      expires_at = now() + interval '4 days'
  where case when of_id is null then d.status = 'failed'
    else of_id in (d.id, d.notification_id) and d.status <> 'pending' end;
  get diagnostics replayed = row_count;
  return replayed;
end $$;

-- Makes an entry for one channel, to see whether it works; its delivery. NULL: there is no such channel
-- of mail or webhooks.
create function public.test_notification(of_channel uuid)
returns uuid
language sql security invoker set search_path = '' as $$
  with entry as (
    insert into public.import_notifications (organization_id, event, key, data)
    select c.organization_id, 'channel.test', 'test:' || gen_random_uuid(), '{}'
    from public.notification_channels c
    where c.id = test_notification.of_channel and c.kind <> 'in_app'
    returning id
  )
  insert into public.notification_deliveries (
    notification_id, channel_id, kind, next_try_at, expires_at)
  select entry.id, c.id, c.kind, now(), now() + interval '4 days'
  from entry, public.notification_channels c
  where c.id = test_notification.of_channel
  returning id;
$$;

-- Switches off the channel of which a mail's link has the token; whether there is one.
create function public.unsubscribe_notifications(token uuid)
returns boolean
language plpgsql security invoker set search_path = '' as $$
begin
  update public.notification_channels c
  set is_enabled = false where c.unsubscribe_token = unsubscribe_notifications.token;
  return found;
end $$;

-- New functions are everybody's by default. These are the worker's alone.
revoke execute on function
  public.claim_notifications(text, integer, integer, text[], uuid),
  public.settle_notification(uuid, integer, text, text, double precision),
  public.replay_notifications(uuid),
  public.test_notification(uuid),
  public.unsubscribe_notifications(uuid)
from public, anon, authenticated;
grant execute on function
  public.claim_notifications(text, integer, integer, text[], uuid),
  public.settle_notification(uuid, integer, text, text, double precision),
  public.replay_notifications(uuid),
  public.test_notification(uuid),
  public.unsubscribe_notifications(uuid)
to service_role;
