-- rouse.sql: gives the lock back; the seat is kept for as long as the connection lives.
SELECT pg_advisory_unlock(1785684593, 1)
