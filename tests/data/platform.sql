-- What migrations meet of the platform's beside roles and auth, for a database to which no Storage and
-- no CLI has been: as many of their columns as ours name. Run by supabase_admin.
create table storage.buckets (
  id text primary key, name text not null, public boolean, file_size_limit bigint);
create table storage.objects (
  id uuid primary key default gen_random_uuid(),
  bucket_id text references storage.buckets (id),
  name text,
  metadata jsonb,
  created_at timestamptz default now());
alter table storage.objects enable row level security;
alter table storage.buckets owner to supabase_storage_admin;
alter table storage.objects owner to supabase_storage_admin;
create function storage.foldername(name text) returns text[] language sql immutable as $$
  select (string_to_array(name, '/'))[:cardinality(string_to_array(name, '/')) - 1];
$$;

create schema supabase_migrations authorization postgres;
create table supabase_migrations.schema_migrations (
  version text primary key, statements text[], name text);
alter table supabase_migrations.schema_migrations owner to postgres;
