-- What was told, to whom it goes, and what people read of it in the app.

-- The outbox: an entry an event, written in the transaction that makes it true, and only where
-- somebody asked to be told (*_telling.sql).
create table public.import_notifications (
  id uuid primary key default gen_random_uuid(),
  organization_id text not null references public.organizations (id) on delete cascade,
  event text not null, -- as notification_channels.events, or 'channel.test'
  key text not null, -- of the event: what was told once is not told again
  job_id uuid, -- of an upload: the part that ended last. No foreign key: what was told outlives it
  upload_id uuid, -- its first part; NULL: it came in one piece
  created_by uuid, -- who made the job
  data jsonb not null, -- what there is to tell: docs/NOTIFICATIONS.md has the keys
  created_at timestamptz not null default now(),
  ready_at timestamptz not null default now(), -- not sent before: parts of an upload may still come
  constraint import_notifications_known_event check (
    event in ('import.completed', 'import.failed', 'import.held', 'import.undone', 'export.ready',
              'worker.absent', 'channel.test'))
);
create unique index import_notifications_key on public.import_notifications (key);
create index import_notifications_upload_idx
  on public.import_notifications (upload_id) where upload_id is not null;
create index import_notifications_created_idx
  on public.import_notifications (created_at, id);
create index import_notifications_organization_idx
  on public.import_notifications (organization_id);

-- A row an entry and channel, for mail and webhooks. Leased like jobs.
create table public.notification_deliveries (
  id uuid primary key default gen_random_uuid(),
  notification_id uuid not null references public.import_notifications (id) on delete cascade,
  channel_id uuid not null references public.notification_channels (id) on delete cascade,
  kind text not null, -- the channel's
  -- 'dropped': when its time came there was nobody to tell any more; last_error says why.
  status text not null default 'pending',
  attempts integer not null default 0, -- tries that were begun
  next_try_at timestamptz not null,
  expires_at timestamptz not null, -- old news is not sent
  leased_by text, -- a worker
  lease_expires_at timestamptz,
  ended_at timestamptz,
  last_error text, -- in words, without what was sent or answered
  constraint notification_deliveries_known_status check (
    status in ('pending', 'delivered', 'failed', 'dropped')),
  constraint notification_deliveries_ended_or_pending check (
    (status = 'pending') = (ended_at is null))
);
create unique index notification_deliveries_once_a_channel
  on public.notification_deliveries (notification_id, channel_id);
create index notification_deliveries_pending_idx
  on public.notification_deliveries (next_try_at) where status = 'pending';
create index notification_deliveries_channel_idx
  on public.notification_deliveries (channel_id, next_try_at);

-- In the app: a line a person and entry. The person's page subscribes to it by Realtime.
create table public.notification_inbox (
  id uuid primary key default gen_random_uuid(),
  notification_id uuid not null references public.import_notifications (id) on delete cascade,
  organization_id text not null,
  profile_id uuid not null references public.profiles (id) on delete cascade,
  event text not null,
  job_id uuid, -- as in import_notifications, and so is what follows
  data jsonb not null,
  created_at timestamptz not null default now(),
  read_at timestamptz -- NULL: the person has not read it
);
create unique index notification_inbox_once_a_person
  on public.notification_inbox (notification_id, profile_id);
create index notification_inbox_profile_idx
  on public.notification_inbox (profile_id, created_at desc);

alter publication supabase_realtime add table public.notification_inbox;

-- Who may do what: ../policies/.
-- import_notifications: the outbox. People read what they are told in their inbox, by mail, or where
-- their webhook is; here they have nothing to look for.
alter table public.import_notifications enable row level security;

revoke all on public.import_notifications from public, anon, authenticated;
grant select, insert, update, delete on public.import_notifications to service_role;

-- notification_deliveries: the worker's book-keeping. How a channel does, stands in the channel.
alter table public.notification_deliveries enable row level security;

revoke all on public.notification_deliveries from public, anon, authenticated;
grant select, insert, update, delete on public.notification_deliveries to service_role;

-- notification_inbox: a person sees their own lines, as long as they are of that organization, marks
-- them as read and throws them away. Only the database writes them.
alter table public.notification_inbox enable row level security;

revoke all on public.notification_inbox from public, anon, authenticated;
grant select, delete on public.notification_inbox to authenticated;
grant update (read_at) on public.notification_inbox to authenticated;
grant select, insert, update, delete on public.notification_inbox to service_role;

create policy notification_inbox_own on public.notification_inbox
  for all to authenticated
  using (profile_id = (select auth.uid()) and organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())))
  with check (profile_id = (select auth.uid()) and organization_id = (
    select p.organization_id from public.profiles p where p.id = (select auth.uid())));
