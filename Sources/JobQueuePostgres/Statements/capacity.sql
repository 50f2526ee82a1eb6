-- capacity.sql: how many connections the server takes, has now, and keeps for superusers.
SELECT current_setting('max_connections')::integer, (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
    current_setting('superuser_reserved_connections')::integer
