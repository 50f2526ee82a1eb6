-- record.sql: notes a migration that was applied in the same transaction.
--
-- $1 version   $2 name   $3 checksum
INSERT INTO jobqueue.migrations (version, name, checksum) VALUES ($1, $2, $3)
