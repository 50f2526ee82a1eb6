-- owner.sql: whose the schema is, and whether that is this role; no row without the schema.
SELECT pg_get_userbyid(n.nspowner), n.nspowner = (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = current_user)
FROM pg_namespace AS n WHERE n.nspname = 'jobqueue'
