-- Two organizations and three users to sign in as, the password of each: devstack-password.
-- Run by the role postgres after the migrations: by devstack, and through config.toml by
-- `supabase start` and `supabase db reset`. Run again it changes nothing.

insert into public.organizations (id, name) values
  ('org_cedar', 'Cedar Building Supply'),
  ('org_granite', 'Granite Hardware')
on conflict (id) do nothing;

-- Auth has no API that takes a user's id, so users come in as it stores them.
with people (id, email, full_name) as (
  values
    ('0c1d0000-0000-4000-8000-000000000001'::uuid, 'olivia@cedar.test', 'Olivia Marsh'),
    ('0c1d0000-0000-4000-8000-000000000002'::uuid, 'liam@cedar.test', 'Liam Ortega'),
    ('09a10000-0000-4000-8000-000000000001'::uuid, 'noah@granite.test', 'Noah Stone')
),
users as (
  insert into auth.users (
    instance_id, id, aud, role, email, encrypted_password, raw_app_meta_data, raw_user_meta_data,
    email_confirmed_at, created_at, updated_at,
    confirmation_token, recovery_token, email_change,
    email_change_token_new, email_change_token_current, reauthentication_token
  )
  select
    '00000000-0000-0000-0000-000000000000', id, 'authenticated', 'authenticated', email,
    extensions.crypt('devstack-password', extensions.gen_salt('bf', 6)),
    '{"provider": "email", "providers": ["email"]}',
    jsonb_build_object('full_name', full_name),
    now(), now(), now(),
    '', '', '', '', '', '' -- the platform's Auth can't read NULL here
  from people
  on conflict (id) do nothing
  returning id
)
insert into auth.identities (
  id, user_id, provider, provider_id, identity_data, last_sign_in_at, created_at, updated_at
)
select
  id, id, 'email', id::text,
  jsonb_build_object('sub', id, 'email', email, 'email_verified', true), now(), now(), now()
from people
where id in (select id from users);

insert into public.profiles (id, organization_id, role, email, full_name) values
  ('0c1d0000-0000-4000-8000-000000000001', 'org_cedar', 'admin', 'olivia@cedar.test', 'Olivia Marsh'),
  ('0c1d0000-0000-4000-8000-000000000002', 'org_cedar', 'standard_user', 'liam@cedar.test', 'Liam Ortega'),
  ('09a10000-0000-4000-8000-000000000001', 'org_granite', 'admin', 'noah@granite.test', 'Noah Stone')
on conflict (id) do nothing;
