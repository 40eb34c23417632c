-- What the tables that Lite makes lack of the platform's. Run by supabase_admin whenever Lite has
-- started; run again it changes nothing.

-- The platform's Auth finds a user by instance and e-mail, so seed.sql writes it.
alter table auth.users add column if not exists instance_id uuid;

-- So that a migration, run by postgres, can put policies on them.
alter table storage.buckets owner to supabase_storage_admin;
alter table storage.objects owner to supabase_storage_admin;
grant usage on schema storage to supabase_auth_admin;
