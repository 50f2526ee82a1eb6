-- rejected.sql: what was put aside, oldest first.
--
-- $1 behind this number   $2 rows at most
SELECT r.number, r.queue, r.id, r.name, r.reason, octet_length(r.payload),
    floor(extract(epoch FROM r.created_at) * 1000)::bigint, floor(extract(epoch FROM r.rejected_at) * 1000)::bigint
FROM jobqueue.rejected AS r WHERE r.number > $1 ORDER BY r.number LIMIT $2
