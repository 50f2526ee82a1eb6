-- doze.sql: takes the lock that tells producers to wake us; see jobqueue.wake.
--
-- The seat comes first: of several relays one sleeps so, and the others look now and then.
SELECT CASE WHEN pg_try_advisory_lock(1785684593, 2) THEN
    CASE WHEN pg_try_advisory_lock(1785684593, 1) THEN 'asleep' ELSE 'somebody enqueues' END
    ELSE 'taken' END
