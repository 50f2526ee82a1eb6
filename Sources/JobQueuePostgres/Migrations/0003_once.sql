-- 0003_once.sql: effects of a job that are to happen once, however often it runs.

CREATE TABLE jobqueue.once_done (
    queue text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    -- How often somebody requeued the job: then its effects are wanted again.
    generation integer NOT NULL,
    done_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT once_done_pkey PRIMARY KEY (queue, id, generation)
);

-- For the relay, which forgets old ones.
CREATE INDEX once_done_order ON jobqueue.once_done (done_at);

-- True for the first run of a job that asks in a transaction which then commits. Whoever asks while that transaction is open
-- waits for its end. Ask in the transaction of the effects themselves.
CREATE FUNCTION jobqueue.once(queue text, id text, generation integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
#variable_conflict use_variable
BEGIN
    IF queue IS NULL OR id IS NULL OR generation IS NULL THEN
        PERFORM jobqueue.refuse('22023', 'once needs queue, id and generation', 'hand on what the job was told of itself');
    END IF;
    INSERT INTO jobqueue.once_done (queue, id, generation) VALUES (queue, id, generation)
    ON CONFLICT ON CONSTRAINT once_done_pkey DO NOTHING;
    RETURN FOUND;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA jobqueue FROM PUBLIC;
