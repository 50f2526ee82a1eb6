-- forget.sql: forgets effects that were recorded long ago.
--
-- $1 older than so many ms   $2 rows at most
DELETE FROM jobqueue.once_done AS o WHERE o.ctid = ANY (ARRAY(
    SELECT d.ctid FROM jobqueue.once_done AS d WHERE d.done_at < clock_timestamp() - $1 * interval '1 millisecond'
    ORDER BY d.done_at LIMIT $2 FOR UPDATE SKIP LOCKED))
