-- Who asked to be told of what, and by which way. Nobody is told who has no row here.

-- What is told. worker.absent: jobs waited, and there was nobody to do them.
create function import_internal.notification_events()
returns text[]
language sql immutable security invoker set search_path = '' as $$
  select array['import.completed', 'import.failed', 'import.held', 'import.undone', 'export.ready',
               'worker.absent'];
$$;

insert into public.import_settings (name, value, description) values
  ('notification_events', to_jsonb(import_internal.notification_events()),
   'What is told by channels that do not say which events they want: names of events, as '
   'docs/NOTIFICATIONS.md has them. It switches no channel on.'),
  ('notification_language', '"en"', 'Of mail to people who did not choose: "en" or "fr".'),
  ('notification_absence_minutes', '5', 'Minutes for which jobs must have waited without any worker '
                                        'before that is told.'),
  ('notifications_days', '30', 'Days for which it is kept what was told, in the app too. '
                               '-1 keeps it for ever.');

create table public.notification_channels (
  id uuid primary key default gen_random_uuid(),
  organization_id text not null references public.organizations (id) on delete cascade,
  -- Whose it is; NULL: the organization's, which its admins set.
  profile_id uuid references public.profiles (id) on delete cascade,
  -- 'email' goes to the address with which the person signs in and to no other; 'in_app' to
  -- notification_inbox; 'webhook' to url.
  kind text not null,
  url text,
  events text[], -- NULL: what the setting notification_events says
  scope text not null default 'own', -- 'own': of jobs that the person made; 'organization': of all
  language text, -- of mail; NULL: what the setting notification_language says
  is_enabled boolean not null default true,
  disabled_reason text, -- why the worker switched it off; NULL: it did not
  -- Of a webhook, as Standard Webhooks has it. The previous one signs too, for a day.
  secret text,
  previous_secret text,
  secret_rotated_at timestamptz,
  -- What a link in a mail says to switch it off without signing in.
  unsubscribe_token uuid not null default gen_random_uuid(),
  last_delivered_at timestamptz,
  last_failed_at timestamptz,
  last_failure text, -- in words
  created_at timestamptz not null default now(),
  constraint notification_channels_known_kind check (kind in ('email', 'webhook', 'in_app')),
  constraint notification_channels_known_events check (
    events <@ array['import.completed', 'import.failed', 'import.held', 'import.undone',
                    'export.ready', 'worker.absent']),
  constraint notification_channels_known_scope check (scope in ('own', 'organization')),
  constraint notification_channels_known_language check (language in ('en', 'fr')),
  -- A person has no webhook, and an organization no mailbox: nobody gets mail who did not ask.
  constraint notification_channels_webhook_is_the_organizations check (
    (kind = 'webhook') = (profile_id is null)
    and (kind = 'webhook') = (url is not null) and (kind = 'webhook') = (secret is not null)
    and (kind <> 'webhook' or scope = 'organization')),
  constraint notification_channels_plain_url check (
    char_length(url) <= 2000 and url ~ '^https?://[!-~]+$' and url !~ '^https?://[^/?#]*[@\\]')
);
-- Webhooks are nobody's, so there may be several. Who has moved on to another organization begins anew.
create unique index notification_channels_one_of_a_kind
  on public.notification_channels (profile_id, organization_id, kind);
-- Whether anybody of an organization asked: all that an import's end costs where nobody did.
create index notification_channels_organization_idx
  on public.notification_channels (organization_id);
create unique index notification_channels_unsubscribe_token_key
  on public.notification_channels (unsubscribe_token);

-- What nobody types: secrets; why a channel that is on again was off; what can't be chosen.
create function public.notification_channels_keep_in_order() returns trigger
language plpgsql security invoker set search_path = '' as $$
declare
  is_new constant boolean := tg_op = 'INSERT';
begin
  if new.kind = 'webhook' then
    new.scope := 'organization';
    if is_new and 5 <= (
      select count(*) from public.notification_channels c
      where c.organization_id = new.organization_id and c.kind = 'webhook')
    then
      raise check_violation using message = 'an organization can have 5 webhooks';
    end if;
    if is_new or new.secret is distinct from old.secret then
      if not is_new then
        new.previous_secret := old.secret;
        new.secret_rotated_at := now();
      end if;
      -- 32 bytes, 244 bits of them from a strong source.
      new.secret := 'whsec_' || encode(
        uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), 'base64');
    end if;
  end if;
  if is_new or new.is_enabled and not old.is_enabled or new.url is distinct from old.url then
    new.disabled_reason := null;
    new.last_failed_at := null;
    new.last_failure := null;
  end if;
  return new;
end $$;
revoke execute on function public.notification_channels_keep_in_order()
  from public, anon, authenticated;

create trigger notification_channels_keep_in_order
  before insert or update on public.notification_channels
  for each row execute function public.notification_channels_keep_in_order();

-- Who may do what: ../policies/notification_channels.sql.
-- notification_channels: a person sees and sets their own, in their organization; the organization's
-- webhooks are its admins'. So whoever reads a secret may also change it. When a channel failed and
-- why it was switched off, is the worker's to say.
alter table public.notification_channels enable row level security;

revoke all on public.notification_channels from public, anon, authenticated;
grant select, delete on public.notification_channels to authenticated;
grant insert (organization_id, profile_id, kind, url, events, scope, language, is_enabled)
  on public.notification_channels to authenticated;
-- The secret: whatever is sent, a new one is made.
grant update (url, events, scope, language, is_enabled, secret)
  on public.notification_channels to authenticated;
grant select, insert, update, delete on public.notification_channels to service_role;

create policy notification_channels_manage_own on public.notification_channels
  for all to authenticated
  using (organization_id = (
    select p.organization_id from public.profiles p
    where p.id = (select auth.uid())
      and (p.id = profile_id or profile_id is null and p.role in ('admin', 'super_admin'))))
  with check (organization_id = (
    select p.organization_id from public.profiles p
    where p.id = (select auth.uid())
      and (p.id = profile_id or profile_id is null and p.role in ('admin', 'super_admin'))));

-- Where mail to a person goes: the address with which they sign in, once it is confirmed. Users can
-- change what their profile says in some projects, so that counts only where Auth knows nobody of the
-- id. NULL: nowhere.
-- SECURITY DEFINER, for service_role has no way to Auth's tables; it gives one address of a profile.
create function import_internal.email_of(profile_id uuid)
returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  is_known boolean := false;
  address text;
begin
  if to_regclass('auth.users') is not null then
    execute 'select true, case when u.email_confirmed_at is not null then u.email end '
            'from auth.users u where u.id = $1'
    into is_known, address using email_of.profile_id;
  end if;
  if is_known is not true then
    select p.email into address from public.profiles p where p.id = email_of.profile_id;
  end if;
  return nullif(btrim(address), '');
end $$;
