-- take.sql: locks the oldest rows of a queue that nobody else has, and reads them.
--
-- $1 queue   $2 rows at most   $3 bytes of payloads, about
-- There is no cursor: a row that is committed late is simply the next to be found.
WITH taken AS MATERIALIZED (
    SELECT o.id, o.name, o.payload, o.options, o.delay_ms, o.expires_in_ms, o.run_at_ms, o.created_at
    FROM jobqueue.outbox AS o WHERE o.queue = $1
    ORDER BY o.created_at, o.id LIMIT $2 FOR UPDATE SKIP LOCKED
), measured AS (
    SELECT t.*, sum(octet_length(t.payload)) OVER (ORDER BY t.created_at, t.id) - octet_length(t.payload) AS before
    FROM taken AS t
)
SELECT m.id, m.name, m.payload, m.options::text, m.delay_ms, m.expires_in_ms, m.run_at_ms,
    -- How old it is, in ms: all that is needed of this server's clock.
    greatest(0, extract(epoch FROM clock_timestamp() - m.created_at) * 1000)::bigint
FROM measured AS m WHERE m.before < $3 ORDER BY m.created_at, m.id
