-- ground.sql: what has to be there before the first migration. May be run any number of times.
CREATE SCHEMA IF NOT EXISTS jobqueue;
CREATE TABLE IF NOT EXISTS jobqueue.migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    -- SHA-256 of the file, in hexadecimal: a file that was changed after it was applied is found out.
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
