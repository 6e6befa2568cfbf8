-- The event path's own tables; every service database has them.

-- Facts that are committed and not yet on their topic. Rows are only inserted and deleted; the
-- relay publishes the smallest ids first. CACHE 1: ids are handed out in the order of the inserts,
-- so the row lock of an aggregate puts its ids in commit order.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
    event_id uuid NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    aggregate_type text NOT NULL,
    aggregate_id text NOT NULL,
    version bigint NOT NULL,
    headers text NOT NULL,
    payload text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT outbox_version_key UNIQUE (topic, aggregate_id, version)
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 10000,
    autovacuum_vacuum_cost_delay = 0
);

-- What a consumer with side effects has already done.
CREATE TABLE inbox (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT inbox_pkey PRIMARY KEY (consumer, event_id)
);
CREATE INDEX inbox_claimed_at_idx ON inbox USING brin (claimed_at);

-- A key whose records wait. Its row is the lock between the consumer that parks and the redrive.
CREATE TABLE parked_keys (
    consumer text NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT parked_keys_pkey PRIMARY KEY (consumer, topic, key)
);

-- The records of parked keys, in the order in which they came.
CREATE TABLE parked_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parked_id uuid NOT NULL CONSTRAINT parked_events_parked_id_key UNIQUE,
    consumer text NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    record_key bytea,
    headers json NOT NULL,  -- json: a header may hold a NUL, which jsonb refuses
    value bytea,
    recorded_at timestamptz NOT NULL,
    event_type text,
    reason text NOT NULL,
    error text,
    attempts integer NOT NULL DEFAULT 0,
    parked_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT parked_events_record_key UNIQUE (consumer, topic, partition, "offset"),
    CONSTRAINT parked_events_key_fkey FOREIGN KEY (consumer, topic, key)
        REFERENCES parked_keys (consumer, topic, key) ON DELETE CASCADE
);
CREATE INDEX parked_events_key_idx ON parked_events (consumer, topic, key, id);

-- What was given up on, by whom and why; without the body.
CREATE TABLE discarded_events (
    parked_id uuid NOT NULL PRIMARY KEY,
    consumer text NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    event_type text,
    reason text NOT NULL,
    discarded_by text NOT NULL,
    discarded_for text NOT NULL,
    discarded_at timestamptz NOT NULL DEFAULT now()
);

-- How far each consumer came, written with the effect: the source of `as_of`.
CREATE TABLE consumer_positions (
    consumer text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    event_time timestamptz,
    recorded_at timestamptz NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT consumer_positions_pkey PRIMARY KEY (consumer, topic, partition)
);
