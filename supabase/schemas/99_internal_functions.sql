-- New functions are everybody's by default. Those of import_internal are the worker's alone. What there
-- is in public says it beside each function.
revoke execute on all functions in schema import_internal from public, anon, authenticated;
grant execute on all functions in schema import_internal to service_role;
