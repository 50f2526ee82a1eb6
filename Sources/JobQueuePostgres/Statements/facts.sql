-- facts.sql: what decides whether this database can be used.
SELECT current_setting('server_version_num')::integer, pg_encoding_to_char(d.encoding), pg_is_in_recovery(),
    to_regclass('jobqueue.migrations') IS NOT NULL
FROM pg_database AS d WHERE d.datname = current_database()
