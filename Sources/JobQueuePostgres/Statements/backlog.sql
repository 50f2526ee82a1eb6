-- backlog.sql: how many rows wait, for how long, and how many were put aside.
--
-- $1 count no further than this
WITH RECURSIVE found(queue) AS (
    (SELECT o.queue FROM jobqueue.outbox AS o ORDER BY o.queue LIMIT 1)
    UNION ALL
    SELECT (SELECT o.queue FROM jobqueue.outbox AS o WHERE o.queue > f.queue ORDER BY o.queue LIMIT 1)
    FROM found AS f WHERE f.queue IS NOT NULL
)
SELECT
    (SELECT count(*) FROM (SELECT FROM jobqueue.outbox LIMIT $1) AS o),
    (SELECT (extract(epoch FROM clock_timestamp() - min(oldest.created_at)) * 1000)::bigint FROM (
        SELECT (
            SELECT o.created_at FROM jobqueue.outbox AS o WHERE o.queue = f.queue ORDER BY o.created_at, o.id LIMIT 1
        ) AS created_at FROM found AS f WHERE f.queue IS NOT NULL
    ) AS oldest),
    (SELECT count(*) FROM (SELECT FROM jobqueue.rejected LIMIT $1) AS r)
