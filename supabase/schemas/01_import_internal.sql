-- import_internal: what the worker's functions stand on. PostgREST does not expose it, and no user has a
-- right to anything in it. Its functions are service_role's alone: 99_internal_functions.sql.
create schema import_internal;
grant usage on schema import_internal to service_role;
