-- session.sql: what our statements rely on, whatever the database or the role has set.
--
-- Else a function or an operator of a producer's own, in a schema that the session looks into first, would run with our rights.
SET search_path = pg_catalog, pg_temp;
SET standard_conforming_strings = on;
SET default_transaction_read_only = off;
