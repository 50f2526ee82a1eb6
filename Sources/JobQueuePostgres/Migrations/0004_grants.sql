-- 0004_grants.sql: who may do what, in one call each. They run with the caller's rights, so only the owner of the schema can
-- use them; after a later migration they can be called again.

-- May enqueue, and nothing else: not read, change or mark what others enqueued.
CREATE FUNCTION jobqueue.grant_producer(role regrole) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    called regprocedure;
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA jobqueue TO %s', role);
    FOR called IN
        SELECT p.oid FROM pg_proc AS p
        WHERE p.pronamespace = 'jobqueue'::regnamespace AND p.proname IN ('enqueue', 'enqueue_many')
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', called, role);
    END LOOP;
END $$;

-- May record that an effect has happened: for those who run jobs.
CREATE FUNCTION jobqueue.grant_handler(role regrole) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA jobqueue TO %s', role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION jobqueue.once(text, text, integer) TO %s', role);
END $$;

-- May move rows, put them aside and back, and forget old effects.
CREATE FUNCTION jobqueue.grant_relay(role regrole) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA jobqueue TO %s', role);
    EXECUTE format('GRANT SELECT ON jobqueue.migrations TO %s', role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON jobqueue.outbox, jobqueue.rejected TO %s', role);
    EXECUTE format('GRANT SELECT, UPDATE, DELETE ON jobqueue.once_done TO %s', role);
END $$;

-- May see how much waits, and since when, and no payload: for servers and programs that only show it.
CREATE FUNCTION jobqueue.grant_viewer(role regrole) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA jobqueue TO %s', role);
    EXECUTE format('GRANT SELECT ON jobqueue.migrations TO %s', role);
    EXECUTE format('GRANT SELECT (queue, id, created_at) ON jobqueue.outbox TO %s', role);
    EXECUTE format('GRANT SELECT (number, queue, id, name, reason, created_at, rejected_at) ON jobqueue.rejected TO %s', role);
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA jobqueue FROM PUBLIC;

-- Default privileges of the owner may have given rights to others; here they have none until they are granted.
DO $$
DECLARE
    given record;
BEGIN
    FOR given IN
        SELECT DISTINCT 'TABLE ' || c.oid::regclass AS thing, a.grantee
        FROM pg_class AS c, aclexplode(c.relacl) AS a
        WHERE c.relnamespace = 'jobqueue'::regnamespace AND a.grantee <> c.relowner
        UNION
        SELECT DISTINCT 'FUNCTION ' || p.oid::regprocedure, a.grantee
        FROM pg_proc AS p, aclexplode(p.proacl) AS a
        WHERE p.pronamespace = 'jobqueue'::regnamespace AND a.grantee <> p.proowner
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s', given.thing,
            CASE WHEN given.grantee = 0 THEN 'PUBLIC' ELSE given.grantee::regrole::text END);
    END LOOP;
END $$;
