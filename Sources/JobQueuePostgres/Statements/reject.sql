-- reject.sql: puts rows aside of which no job can be made, with the reason.
--
-- $1 queue   $2 {"rows":[{"id":…,"reason":…}, …]}
WITH gone AS (
    DELETE FROM jobqueue.outbox AS o USING json_to_recordset($2::json -> 'rows') AS r(id text, reason text)
    WHERE o.queue = $1 AND o.id = r.id RETURNING o.*, r.reason
)
INSERT INTO jobqueue.rejected (
    queue, id, name, payload, options, delay_ms, expires_in_ms, run_at_ms, created_at, reason)
SELECT g.queue, g.id, g.name, g.payload, g.options, g.delay_ms, g.expires_in_ms, g.run_at_ms, g.created_at, g.reason
FROM gone AS g
