-- capacity.sql: how many connections the server takes, has now, keeps for others than us, and how many of those it has are
-- queue-worker's from this machine. A role without pg_read_all_stats sees of others' connections little more than that they
-- are there: where they come from it sees of its own only.
SELECT current_setting('max_connections')::integer, count(*),
    current_setting('superuser_reserved_connections')::integer
        + coalesce(current_setting('reserved_connections', true)::integer, 0),
    count(*) FILTER (
        WHERE a.application_name LIKE 'queue-worker%' AND a.usename = session_user
            AND a.client_addr IS NOT DISTINCT FROM inet_client_addr())
FROM pg_stat_activity AS a
WHERE a.datid IS NOT NULL AND a.usesysid IS NOT NULL AND coalesce(a.backend_type, 'client backend') = 'client backend'
