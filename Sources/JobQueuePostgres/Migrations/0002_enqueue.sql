-- 0002_enqueue.sql: the public contract. A job is enqueued in the caller's own transaction: it will run if that commits, and
-- never if it does not.
--
-- The functions run with the rights of their owner, so that a caller needs none on the tables; they may be called by whom
-- they are granted to. Parameters may be added behind the last one, never taken away.

-- Ends the statement, and with it the caller's transaction, with a reason and what to do.
CREATE FUNCTION jobqueue.refuse(state text, message text, hint text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = state, MESSAGE = 'jobqueue: ' || message, HINT = hint;
END $$;

-- A span of time in ms. Refuses what is shorter than `low` ms, or longer than 36,500 days.
CREATE FUNCTION jobqueue.span_ms(place text, span interval, low bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    ms numeric := floor(extract(epoch FROM span) * 1000);
BEGIN
    IF ms < low OR ms > 3153600000000 THEN
        PERFORM jobqueue.refuse('22023', place || ' is out of range',
            format('use an interval of %s ms or more, and at most 36500 days', low));
    END IF;
    RETURN ms;
END $$;

-- The lowest 40 bits of a number as 8 digits of the alphabet of ULIDs (https://github.com/ulid/spec). A loop took three times
-- as long, and this is what a job costs most.
CREATE FUNCTION jobqueue.base32(number bigint) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    digits CONSTANT text := '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
BEGIN
    RETURN substr(digits, ((number >> 35) & 31)::integer + 1, 1) || substr(digits, ((number >> 30) & 31)::integer + 1, 1)
        || substr(digits, ((number >> 25) & 31)::integer + 1, 1) || substr(digits, ((number >> 20) & 31)::integer + 1, 1)
        || substr(digits, ((number >> 15) & 31)::integer + 1, 1) || substr(digits, ((number >> 10) & 31)::integer + 1, 1)
        || substr(digits, ((number >> 5) & 31)::integer + 1, 1) || substr(digits, (number & 31)::integer + 1, 1);
END $$;

-- A new id: 48 bits of time in ms, 80 random ones. gen_random_uuid draws from the server's strong source; bytes 7 to 9 are
-- left out, because six of their bits are fixed.
CREATE FUNCTION jobqueue.ulid(moment timestamptz) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    ms bigint := floor(extract(epoch FROM moment) * 1000);
    random text := replace(gen_random_uuid()::text, '-', '');
BEGIN
    RETURN right(jobqueue.base32(ms >> 40), 2) || jobqueue.base32(ms)
        || jobqueue.base32(('x' || left(random, 10))::bit(40)::bigint)
        || jobqueue.base32(('x' || substr(random, 11, 2) || substr(random, 19, 8))::bit(40)::bigint);
END $$;

-- Is this JSON nested deeper than workers read? Where there are few brackets they need not be looked at.
CREATE FUNCTION jobqueue.is_too_deep(document text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    deepest CONSTANT integer := 128;
    brackets text := translate(document, '{}', '[]');
BEGIN
    IF length(brackets) - length(replace(brackets, '[', '')) <= deepest THEN
        RETURN false;
    END IF;
    -- Without strings nothing but structure is left; each step takes away the innermost level.
    brackets := regexp_replace(regexp_replace(brackets, '"(?:[^"\\]|\\.)*"', '', 'g'), '[^][]', '', 'g');
    FOR level IN 1..deepest LOOP
        brackets := replace(brackets, '[]', '');
        EXIT WHEN brackets = '';
    END LOOP;
    RETURN brackets <> '';
END $$;

-- Refuses what is no backoff: {"base_ms":…,"cap_ms":…,"jitter_percent":…}, {"fixed_ms":…} or {"list_ms":[…]}.
CREATE FUNCTION jobqueue.check_backoff(place text, backoff jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    is_fine boolean;
BEGIN
    is_fine := CASE
        WHEN jsonb_typeof(backoff) <> 'object' THEN false
        WHEN backoff ? 'list_ms' THEN
            (SELECT count(*) = 1 FROM jsonb_object_keys(backoff)) AND jsonb_typeof(backoff -> 'list_ms') = 'array'
            AND jsonb_array_length(backoff -> 'list_ms') BETWEEN 1 AND 1000
            AND NOT EXISTS (
                SELECT FROM jsonb_array_elements(backoff -> 'list_ms') AS wait
                WHERE NOT jobqueue.is_whole(wait, 0, 3153600000000))
        WHEN backoff ? 'fixed_ms' THEN
            (SELECT count(*) = 1 FROM jsonb_object_keys(backoff))
            AND jobqueue.is_whole(backoff -> 'fixed_ms', 0, 3153600000000)
        ELSE
            backoff - 'base_ms' - 'cap_ms' - 'jitter_percent' = '{}'
            AND coalesce(jobqueue.is_whole(backoff -> 'base_ms', 0, 3153600000000), false)
            AND coalesce(jobqueue.is_whole(backoff -> 'cap_ms', 0, 3153600000000), false)
            AND coalesce(jobqueue.is_whole(backoff -> 'jitter_percent', 0, 100), true)
    END;
    IF NOT is_fine THEN
        PERFORM jobqueue.refuse('22023', place || ' is none',
            'use {"base_ms":15000,"cap_ms":3600000,"jitter_percent":10}, {"fixed_ms":5000} or {"list_ms":[1000,60000]}');
    END IF;
END $$;

-- Is it a whole number within these bounds?
CREATE FUNCTION jobqueue.is_whole(value jsonb, low bigint, high bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN jsonb_typeof(value) <> 'number' THEN false
        -- 5.0 is one for Postgres, and none for those who read it.
        WHEN value::text !~ '^-?[0-9]+$' THEN false
        ELSE value::numeric BETWEEN low AND high END
$$;

-- Everything that may be said of a job beside its name, payload and queue, as the stored job has it.
CREATE FUNCTION jobqueue.options(
    place text, priority integer, max_attempts integer, timeout interval, tags text[], metadata jsonb, backoff jsonb,
    result_ttl interval
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    options jsonb := '{}';
    span bigint;
    request text := current_setting('jobqueue.request_id', true);
    trace text := current_setting('jobqueue.traceparent', true);
BEGIN
    IF priority IS NOT NULL THEN
        IF priority NOT BETWEEN 0 AND 9 THEN
            PERFORM jobqueue.refuse('22023', place || 'priority is out of range', 'use 0 (first) to 9 (last)');
        END IF;
        options := options || jsonb_build_object('priority', priority);
    END IF;
    IF max_attempts IS NOT NULL THEN
        IF max_attempts NOT BETWEEN 1 AND 1000000 THEN
            PERFORM jobqueue.refuse('22023', place || 'max_attempts is out of range', 'use 1 to 1,000,000');
        END IF;
        options := options || jsonb_build_object('max_attempts', max_attempts);
    END IF;
    IF timeout IS NOT NULL THEN
        span := jobqueue.span_ms(place || 'timeout', timeout, 0);
        options := options || jsonb_build_object('timeout_ms', CASE WHEN timeout = interval '0' THEN -1 ELSE greatest(span, 1) END);
    END IF;
    IF result_ttl IS NOT NULL THEN
        options := options || jsonb_build_object('result_ttl_ms', jobqueue.span_ms(place || 'result_ttl', result_ttl, 0));
    END IF;
    IF backoff IS NOT NULL THEN
        PERFORM jobqueue.check_backoff(place || 'backoff', backoff);
        options := options || jsonb_build_object('backoff', backoff);
    END IF;
    IF tags IS NOT NULL THEN
        IF cardinality(tags) > 16 OR array_ndims(tags) > 1 OR EXISTS (
            SELECT FROM unnest(tags) AS tag WHERE tag IS NULL OR tag !~ '^[A-Za-z0-9._-]{1,64}$'
        ) THEN
            PERFORM jobqueue.refuse('22023', place || 'bad tags', 'use at most 16, each 1 to 64 of the characters A-Z a-z 0-9 . _ -');
        END IF;
        options := options || jsonb_build_object('tags', tags);
    END IF;
    -- Whoever calls may know nothing of what a middleware has set: what is wrong with it must not end a transaction.
    IF trace ~ '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$' THEN
        metadata := jsonb_build_object('traceparent', trace) || coalesce(metadata, '{}');
    END IF;
    IF metadata IS NOT NULL THEN
        IF jsonb_typeof(metadata) <> 'object' OR EXISTS (
            SELECT FROM jsonb_each(metadata) AS entry WHERE jsonb_typeof(entry.value) <> 'string'
        ) THEN
            PERFORM jobqueue.refuse('22023', place || 'bad metadata', 'use a JSON object whose values are strings');
        END IF;
        options := options || jsonb_build_object('metadata', metadata);
    END IF;
    IF request ~ '^[ -~]{1,128}$' THEN
        options := options || jsonb_build_object('request_id', request);
    END IF;
    IF octet_length(options::text) > 60000 THEN
        PERFORM jobqueue.refuse('54000', place || 'tags, metadata and backoff are too large', 'at most 60,000 bytes together');
    END IF;
    RETURN options;
END $$;

-- Wakes the relay when this transaction commits, if it sleeps.
--
-- NOTIFY is dear: transactions that send one commit one after the other. So a relay that sleeps holds an advisory lock, and
-- only who finds it taken sends one. Who does not find it taken shares it until the transaction ends, so that no relay falls
-- asleep before it has seen what this transaction did.
CREATE FUNCTION jobqueue.wake() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('jobqueue.notify', true), '') = 'off' THEN
        RETURN;
    END IF;
    -- The first number stands for us: "jobq" in ASCII.
    IF NOT pg_try_advisory_xact_lock_shared(1785684593, 1) THEN
        PERFORM pg_notify('jobqueue', '');
    END IF;
END $$;

-- Stores one job for the relay, or refuses it. `place` stands in front of what is wrong. Answers the id.
CREATE FUNCTION jobqueue.put(
    place text, name text, payload text, queue text, id text, delay interval, run_at timestamptz, priority integer,
    max_attempts integer, timeout interval, idempotency_key text, tags text[], metadata jsonb, backoff jsonb,
    result_ttl interval, expires_in interval
) RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    moment timestamptz := clock_timestamp();
    more jsonb;
    delay_ms bigint;
    expires_in_ms bigint;
    is_key CONSTANT boolean := id IS NULL AND idempotency_key IS NOT NULL;
    is_same boolean;
    rule CONSTANT text := 'use 1 to 64 of the characters A-Z a-z 0-9 . _ -';
BEGIN
    queue := coalesce(queue, 'default');
    payload := coalesce(payload, 'null');
    IF name IS NULL OR name !~ '^[A-Za-z0-9._-]{1,64}$' THEN
        PERFORM jobqueue.refuse('22023', format('%sbad job name %s', place, left(quote_nullable(name), 80)), rule);
    END IF;
    IF queue !~ '^[A-Za-z0-9._-]{1,64}$' THEN
        PERFORM jobqueue.refuse('22023', format('%sbad queue name %s', place, left(quote_literal(queue), 80)), rule);
    END IF;
    IF octet_length(payload) > 262144 THEN
        PERFORM jobqueue.refuse('54000',
            format('%sthe payload has %s bytes, the limit is 262144', place, octet_length(payload)),
            'store it elsewhere and enqueue a reference');
    END IF;
    IF octet_length(payload) > 256 AND jobqueue.is_too_deep(payload) THEN
        PERFORM jobqueue.refuse('54000', place || 'the payload is nested deeper than 128', 'make it flatter');
    END IF;
    IF id IS NOT NULL THEN
        IF idempotency_key IS NOT NULL THEN
            PERFORM jobqueue.refuse('22023', place || 'id and idempotency_key are both there', 'give one of them');
        END IF;
        IF id !~ '^[A-Za-z0-9._:-]{1,64}$' THEN
            PERFORM jobqueue.refuse('22023', format('%sbad job id %s', place, left(quote_literal(id), 80)),
                'use 1 to 64 of the characters A-Z a-z 0-9 . _ - :');
        END IF;
        -- Else who guesses another's key could be there first.
        IF id LIKE 'k-%' THEN
            PERFORM jobqueue.refuse('22023', place || 'ids that begin with k- are made from keys',
                'choose another, or give the idempotency_key');
        END IF;
    ELSIF idempotency_key IS NOT NULL THEN
        IF idempotency_key !~ '^[!#-~]{1,255}$' THEN
            PERFORM jobqueue.refuse('22023', place || 'bad idempotency_key', 'use 1 to 255 visible ASCII characters, not the quotation mark');
        END IF;
        id := 'k-' || left(encode(sha256(
            convert_to('postgres:' || session_user, 'UTF8') || '\x00'::bytea || convert_to(queue, 'UTF8') || '\x00'::bytea
            || convert_to(idempotency_key, 'UTF8') || '\x00'::bytea), 'hex'), 32);
    END IF;
    IF delay IS NOT NULL AND run_at IS NOT NULL THEN
        PERFORM jobqueue.refuse('22023', place || 'delay and run_at are both there', 'give one of them');
    END IF;
    IF NOT run_at BETWEEN timestamptz '1970-01-01 00:00Z' AND timestamptz '9999-01-01 00:00Z' THEN
        PERFORM jobqueue.refuse('22023', place || 'run_at is out of range', 'use a moment of the years 1970 to 9998');
    END IF;
    more := jobqueue.options(place, priority, max_attempts, timeout, tags, metadata, backoff, result_ttl);
    IF delay IS NOT NULL THEN
        delay_ms := jobqueue.span_ms(place || 'delay', delay, 0);
    END IF;
    IF expires_in IS NOT NULL THEN
        expires_in_ms := jobqueue.span_ms(place || 'expires_in', expires_in, 1);
    END IF;
    id := coalesce(id, jobqueue.ulid(moment));
    LOOP
        INSERT INTO jobqueue.outbox (queue, id, name, payload, options, delay_ms, expires_in_ms, run_at_ms, created_at)
        VALUES (
            queue, id, name, payload, more, delay_ms, expires_in_ms, floor(extract(epoch FROM run_at) * 1000)::bigint,
            moment)
        ON CONFLICT ON CONSTRAINT outbox_pkey DO NOTHING;
        EXIT WHEN FOUND;
        -- One of this id waits. As in the queue, the same job again is the same job, and another one is a mistake.
        SELECT o.name = name AND o.payload = payload INTO is_same FROM jobqueue.outbox AS o WHERE o.queue = queue AND o.id = id;
        IF NOT is_same THEN
            PERFORM jobqueue.refuse('23505',
                format('%sthe %s belongs to a job with another name or payload', place,
                    CASE WHEN is_key THEN 'idempotency_key' ELSE 'id' END), 'choose another');
        END IF;
        -- Where nothing was found the relay has just taken it: the queue will tell the two apart.
        EXIT WHEN is_same;
    END LOOP;
    PERFORM jobqueue.wake();
    RETURN id;
END $$;

-- Enqueues a job in the caller's transaction, and answers its id. What is not said is as it is for jobs enqueued elsewhere.
-- There are three of it, because a literal, a json and a jsonb are three types; only jsonb does not keep the payload as it was
-- written.
CREATE FUNCTION jobqueue.enqueue(
    name text, payload text DEFAULT 'null', queue text DEFAULT 'default', id text DEFAULT NULL, delay interval DEFAULT NULL,
    run_at timestamptz DEFAULT NULL, priority integer DEFAULT NULL, max_attempts integer DEFAULT NULL,
    timeout interval DEFAULT NULL, idempotency_key text DEFAULT NULL, tags text[] DEFAULT NULL, metadata jsonb DEFAULT NULL,
    backoff jsonb DEFAULT NULL, result_ttl interval DEFAULT NULL, expires_in interval DEFAULT NULL
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
BEGIN
    RETURN jobqueue.put('', name, payload::json::text, queue, id, delay, run_at, priority, max_attempts, timeout, idempotency_key,
        tags, metadata, backoff, result_ttl, expires_in);
END $$;

-- The payload as it was written.
CREATE FUNCTION jobqueue.enqueue(
    name text, payload json, queue text DEFAULT 'default', id text DEFAULT NULL, delay interval DEFAULT NULL,
    run_at timestamptz DEFAULT NULL, priority integer DEFAULT NULL, max_attempts integer DEFAULT NULL,
    timeout interval DEFAULT NULL, idempotency_key text DEFAULT NULL, tags text[] DEFAULT NULL, metadata jsonb DEFAULT NULL,
    backoff jsonb DEFAULT NULL, result_ttl interval DEFAULT NULL, expires_in interval DEFAULT NULL
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
BEGIN
    RETURN jobqueue.put('', name, payload::text, queue, id, delay, run_at, priority, max_attempts, timeout, idempotency_key,
        tags, metadata, backoff, result_ttl, expires_in);
END $$;

-- The payload as Postgres writes it.
CREATE FUNCTION jobqueue.enqueue(
    name text, payload jsonb, queue text DEFAULT 'default', id text DEFAULT NULL, delay interval DEFAULT NULL,
    run_at timestamptz DEFAULT NULL, priority integer DEFAULT NULL, max_attempts integer DEFAULT NULL,
    timeout interval DEFAULT NULL, idempotency_key text DEFAULT NULL, tags text[] DEFAULT NULL, metadata jsonb DEFAULT NULL,
    backoff jsonb DEFAULT NULL, result_ttl interval DEFAULT NULL, expires_in interval DEFAULT NULL
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
BEGIN
    RETURN jobqueue.put('', name, payload::text, queue, id, delay, run_at, priority, max_attempts, timeout, idempotency_key,
        tags, metadata, backoff, result_ttl, expires_in);
END $$;

-- The element's field as a text; refuses one of another type.
CREATE FUNCTION jobqueue.word(place text, element json, field text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    CASE coalesce(json_typeof(element -> field), 'null')
        WHEN 'string' THEN RETURN element ->> field;
        WHEN 'null' THEN RETURN NULL;
        ELSE PERFORM jobqueue.refuse('22023', place || field || ' is no string', 'use a JSON string');
    END CASE;
    RETURN NULL;
END $$;

-- The element's field as a whole number; refuses another one.
CREATE FUNCTION jobqueue.whole(place text, element json, field text) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(json_typeof(element -> field), 'null') = 'null' THEN
        RETURN NULL;
    END IF;
    IF NOT jobqueue.is_whole((element -> field)::jsonb, -3153600000000, 3153600000000) THEN
        PERFORM jobqueue.refuse('22023', place || field || ' is no whole number, or out of range', 'use a JSON number');
    END IF;
    RETURN (element ->> field)::numeric::bigint;
END $$;

-- A number of ms as an interval.
CREATE FUNCTION jobqueue.span(ms bigint) RETURNS interval
LANGUAGE sql IMMUTABLE AS $$ SELECT ms * interval '1 millisecond' $$;

-- One element of the array that enqueue_many takes. The fields are those of POST /v1/jobs, with id and idempotency_key.
CREATE FUNCTION jobqueue.put_element(place text, element json) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    stranger text;
    moment text;
    tags json := element -> 'tags';
    ttl bigint;
    timeout bigint;
BEGIN
    IF json_typeof(element) <> 'object' THEN
        PERFORM jobqueue.refuse('22023', place || 'no object', 'use {"name":"email.send","payload":{}}');
    END IF;
    SELECT key INTO stranger FROM json_object_keys(element) AS key
    WHERE key NOT IN (
        'name', 'payload', 'queue', 'id', 'delay_ms', 'run_at', 'priority', 'max_attempts', 'timeout_ms', 'result_ttl_ms',
        'expires_in_ms', 'backoff', 'tags', 'metadata', 'idempotency_key')
    LIMIT 1;
    IF FOUND THEN
        PERFORM jobqueue.refuse('22023', format('%sunknown field %s', place, left(quote_literal(stranger), 80)),
            'see the page on Postgres for the fields there are');
    END IF;
    IF json_typeof(tags) = 'null' THEN
        tags := NULL;
    ELSIF json_typeof(tags) <> 'array' OR EXISTS (
        SELECT FROM json_array_elements(tags) AS tag WHERE json_typeof(tag) <> 'string'
    ) THEN
        PERFORM jobqueue.refuse('22023', place || 'tags are no array of strings', 'use ["a","b"]');
    END IF;
    moment := jobqueue.word(place, element, 'run_at');
    IF moment !~ '^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)$' THEN
        PERFORM jobqueue.refuse('22023', place || 'run_at is no moment', 'use one such as 2030-01-31T12:00:00Z');
    END IF;
    timeout := jobqueue.whole(place, element, 'timeout_ms');
    IF timeout = 0 OR timeout < -1 THEN
        PERFORM jobqueue.refuse('22023', place || 'timeout_ms is out of range', 'use 1 or more, or -1: without limit');
    END IF;
    ttl := jobqueue.whole(place, element, 'result_ttl_ms');
    RETURN jobqueue.put(
        place, jobqueue.word(place, element, 'name'), (element -> 'payload')::text, jobqueue.word(place, element, 'queue'),
        jobqueue.word(place, element, 'id'), jobqueue.span(jobqueue.whole(place, element, 'delay_ms')), moment::timestamptz,
        jobqueue.whole(place, element, 'priority')::integer, jobqueue.whole(place, element, 'max_attempts')::integer,
        jobqueue.span(CASE WHEN timeout < 0 THEN 0 ELSE timeout END), jobqueue.word(place, element, 'idempotency_key'),
        (SELECT array_agg(tag) FROM json_array_elements_text(tags) AS tag),
        nullif((element -> 'metadata')::jsonb, 'null'), nullif((element -> 'backoff')::jsonb, 'null'),
        -- The API's -1 is for ever; the longest interval is near enough.
        jobqueue.span(CASE WHEN ttl < 0 THEN 3153600000000 ELSE ttl END),
        jobqueue.span(jobqueue.whole(place, element, 'expires_in_ms')));
END $$;

-- Enqueues all jobs of a JSON array in the caller's transaction, or none, and answers their ids in the same order.
CREATE FUNCTION jobqueue.enqueue_many(jobs json) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
DECLARE
    element json;
    place integer := 0;
BEGIN
    IF jobs IS NULL OR json_typeof(jobs) <> 'array' THEN
        PERFORM jobqueue.refuse('22023', 'the jobs are no array', 'use [{"name":"email.send","payload":{}}]');
    END IF;
    FOR element IN SELECT value FROM json_array_elements(jobs) LOOP
        RETURN NEXT jobqueue.put_element(format('[%s] ', place), element);
        place := place + 1;
    END LOOP;
END $$;

CREATE FUNCTION jobqueue.enqueue_many(jobs text) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
BEGIN
    RETURN QUERY SELECT jobqueue.enqueue_many(jobs::json);
END $$;

-- The payloads as Postgres writes them.
CREATE FUNCTION jobqueue.enqueue_many(jobs jsonb) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS $$
BEGIN
    RETURN QUERY SELECT jobqueue.enqueue_many(jobs::json);
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA jobqueue FROM PUBLIC;
