-- 0001_outbox.sql: what waits for the relay, and what the relay could not hand over.
--
-- Nobody but the relay and those who look reads or writes these tables: producers call jobqueue.enqueue.

CREATE TABLE jobqueue.outbox (
    queue text COLLATE "C" NOT NULL,
    -- The job's id: the relay hands a row over as often as it must, and one job comes of it.
    id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    -- JSON, as the caller wrote it.
    payload text NOT NULL,
    -- Fields of the stored job that the caller did not leave as they are by default.
    options jsonb NOT NULL DEFAULT '{}',
    -- From created_at on, by the clock of this server: the relay subtracts how old the row is, so the clocks of the two
    -- servers need not agree.
    delay_ms bigint,
    expires_in_ms bigint,
    -- Milliseconds since 1970.
    run_at_ms bigint,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT outbox_pkey PRIMARY KEY (queue, id)
);

CREATE INDEX outbox_order ON jobqueue.outbox (queue, created_at, id);

-- Rows come and go at once, so the share of dead ones says little: clean up after a fixed number.
ALTER TABLE jobqueue.outbox SET (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 100000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000,
    autovacuum_vacuum_cost_delay = 0
);

CREATE TABLE jobqueue.rejected (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    queue text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    payload text NOT NULL,
    options jsonb NOT NULL,
    delay_ms bigint,
    expires_in_ms bigint,
    run_at_ms bigint,
    created_at timestamptz NOT NULL,
    -- Why no job can be made of it.
    reason text NOT NULL,
    rejected_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
