-- retry.sql: puts rejected rows back into the outbox, behind what waits there.
--
-- $1 numbers, a JSON array; NULL: all
-- A row whose id waits in the outbox again stays where it is. Delays and expiries count from now on.
WITH chosen AS (
    SELECT r.number, r.queue, r.id, r.name, r.payload, r.options, r.delay_ms, r.expires_in_ms, r.run_at_ms
    FROM jobqueue.rejected AS r
    WHERE $1::json IS NULL OR r.number = ANY (ARRAY(SELECT json_array_elements_text($1::json)::bigint))
    ORDER BY r.number FOR UPDATE
), back AS (
    INSERT INTO jobqueue.outbox (queue, id, name, payload, options, delay_ms, expires_in_ms, run_at_ms)
    SELECT c.queue, c.id, c.name, c.payload, c.options, c.delay_ms, c.expires_in_ms, c.run_at_ms
    FROM chosen AS c ORDER BY c.number
    ON CONFLICT ON CONSTRAINT outbox_pkey DO NOTHING RETURNING queue, id
)
DELETE FROM jobqueue.rejected AS r
WHERE r.number IN (SELECT DISTINCT ON (c.queue, c.id) c.number FROM chosen AS c JOIN back AS b USING (queue, id) ORDER BY c.queue, c.id, c.number)
