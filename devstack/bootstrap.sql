-- What a hosted Supabase project has before its first migration: roles, schemas, the auth helper
-- functions, the publication. Run once by supabase_admin (the superuser that initdb made) in the
-- fresh database `postgres`, in one transaction.
-- Source of names, attributes and timeouts: a hosted project's pg_roles, pg_db_role_setting and
-- pg_default_acl, and the platform's documentation of role timeouts.

-- ---------------------------------------------------------------------------------------------
-- Roles
-- ---------------------------------------------------------------------------------------------

-- The role of the dashboard, the CLI and migrations. Not a superuser: what fails here fails there.
create role postgres login createdb createrole replication bypassrls password 'postgres';

-- The three that an API request runs as.
create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;

-- PostgREST connects as this one and becomes one of the three, per request.
create role authenticator login noinherit password 'postgres';
grant anon, authenticated, service_role to authenticator;

-- Owners of the schemas auth and storage. Lite serves both over one connection, so here, unlike
-- on the platform, the auth role is a member of the storage role and may become an API role.
create role supabase_storage_admin nologin;
create role supabase_auth_admin login createrole password 'postgres';
grant supabase_storage_admin, anon, authenticated, service_role to supabase_auth_admin;

-- Migrations may act as any of them: policies on storage.objects, `set role` in tests.
grant anon, authenticated, service_role, authenticator, supabase_storage_admin to postgres
  with admin option;
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres;

-- service_role has none of its own: it gets the authenticator's.
alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';

-- `search_path` of everybody, as on the platform: extensions live in their own schema.
alter database postgres set search_path = "$user", public, extensions;
alter role supabase_auth_admin set search_path = auth;

-- ---------------------------------------------------------------------------------------------
-- The database and its schemas
-- ---------------------------------------------------------------------------------------------

alter database postgres owner to postgres; -- and with it, through pg_database_owner, public
grant connect, temporary on database postgres to supabase_auth_admin;
grant create on database postgres to supabase_auth_admin;

grant usage on schema public to anon, authenticated, service_role;
-- Since 2026 a new project grants the API roles nothing on new tables: a migration says what it
-- means. Hence no `alter default privileges` for them here.

create schema extensions authorization postgres;
grant usage on schema extensions to anon, authenticated, service_role, supabase_auth_admin;
create extension pgcrypto with schema extensions;
create extension pg_trgm with schema extensions;
do $$
begin
  -- Not every build carries it; gen_random_uuid() is in the core either way.
  if exists (select from pg_available_extensions where name = 'uuid-ossp') then
    create extension "uuid-ossp" with schema extensions;
  end if;
end
$$;

create schema auth authorization supabase_auth_admin;
create schema storage authorization supabase_storage_admin;
grant usage on schema auth, storage to anon, authenticated, service_role, postgres;
grant create on schema storage to supabase_auth_admin;

-- Lite makes the tables of both when it starts. Their rights, as on the platform:
alter default privileges for role supabase_auth_admin in schema auth
  grant all on tables to postgres;
alter default privileges for role supabase_auth_admin in schema auth
  grant all on sequences to postgres;
alter default privileges for role supabase_auth_admin in schema storage
  grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_auth_admin in schema storage
  grant all on functions to postgres, anon, authenticated, service_role;

-- ---------------------------------------------------------------------------------------------
-- Who is asking: the platform's own definitions. They belong to supabase_admin so that Lite,
-- which would replace them by ones that PostgREST 12 does not feed, can't.
-- ---------------------------------------------------------------------------------------------

create function auth.uid() returns uuid language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')
  )::uuid
$$;

create function auth.role() returns text language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.role', true), ''),
    (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role')
  )::text
$$;

create function auth.email() returns text language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.email', true), ''),
    (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email')
  )::text
$$;

create function auth.jwt() returns jsonb language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')
  )::jsonb
$$;

-- ---------------------------------------------------------------------------------------------
-- Realtime and PostgREST
-- ---------------------------------------------------------------------------------------------

-- Empty, and the project's own: migrations add their tables.
create publication supabase_realtime;
alter publication supabase_realtime owner to postgres;

-- PostgREST learns of every change of the schema, whoever makes it.
create function extensions.pgrst_ddl_watch() returns event_trigger language plpgsql as $$
declare
  command record;
begin
  for command in select * from pg_event_trigger_ddl_commands() loop
    if command.command_tag in (
      'CREATE SCHEMA', 'ALTER SCHEMA', 'CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO',
      'ALTER TABLE', 'CREATE FOREIGN TABLE', 'ALTER FOREIGN TABLE', 'CREATE VIEW', 'ALTER VIEW',
      'CREATE MATERIALIZED VIEW', 'ALTER MATERIALIZED VIEW', 'CREATE FUNCTION', 'ALTER FUNCTION',
      'CREATE TRIGGER', 'CREATE TYPE', 'ALTER TYPE', 'CREATE RULE', 'COMMENT'
    ) and command.schema_name is distinct from 'pg_temp' then
      notify pgrst, 'reload schema';
    end if;
  end loop;
end
$$;

create function extensions.pgrst_drop_watch() returns event_trigger language plpgsql as $$
declare
  dropped record;
begin
  for dropped in select * from pg_event_trigger_dropped_objects() loop
    if dropped.object_type in (
      'schema', 'table', 'foreign table', 'view', 'materialized view', 'function', 'trigger',
      'type', 'rule'
    ) and not dropped.is_temporary then
      notify pgrst, 'reload schema';
    end if;
  end loop;
end
$$;

create event trigger pgrst_ddl_watch on ddl_command_end
  execute function extensions.pgrst_ddl_watch();
create event trigger pgrst_drop_watch on sql_drop
  execute function extensions.pgrst_drop_watch();
