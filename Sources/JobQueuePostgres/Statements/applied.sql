-- applied.sql: the migrations that this database has had, in order. Without the table: an error, which means none.
SELECT m.version, m.name, m.checksum, floor(extract(epoch FROM m.applied_at) * 1000)::bigint
FROM jobqueue.migrations AS m ORDER BY m.version
