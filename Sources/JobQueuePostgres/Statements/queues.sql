-- queues.sql: the queues that have rows, in the order of their names.
--
-- Hops from one to the next along the index, so it costs the same however many rows a queue has.
WITH RECURSIVE found(queue) AS (
    (SELECT o.queue FROM jobqueue.outbox AS o ORDER BY o.queue LIMIT 1)
    UNION ALL
    SELECT (SELECT o.queue FROM jobqueue.outbox AS o WHERE o.queue > f.queue ORDER BY o.queue LIMIT 1)
    FROM found AS f WHERE f.queue IS NOT NULL
)
SELECT queue FROM found WHERE queue IS NOT NULL LIMIT 10000
