-- remove.sql: takes rows out of the outbox whose jobs are stored.
--
-- $1 queue   $2 {"ids":[…]}
DELETE FROM jobqueue.outbox AS o
WHERE o.queue = $1 AND o.id = ANY (ARRAY(SELECT json_array_elements_text($2::json -> 'ids')))
