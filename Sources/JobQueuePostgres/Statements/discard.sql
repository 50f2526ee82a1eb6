-- discard.sql: deletes rejected rows.
--
-- $1 numbers, a JSON array
DELETE FROM jobqueue.rejected AS r
WHERE r.number = ANY (ARRAY(SELECT json_array_elements_text($1::json)::bigint))
