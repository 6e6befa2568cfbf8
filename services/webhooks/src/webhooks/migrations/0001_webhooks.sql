-- Who is told of what. A deleted one stays as a row without address and secret, so that the key
-- that created it creates no second one.
CREATE TABLE subscriptions (
    subscription_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    owner text NOT NULL,
    url text NOT NULL,
    host text NOT NULL,
    description text,
    types text[] NOT NULL,
    services text[] NOT NULL,
    status text NOT NULL CONSTRAINT subscriptions_status_check CHECK (status IN
        ('active', 'paused', 'disabled', 'deleted')),
    disabled_reason text,
    secret bytea NOT NULL,  -- sealed
    former_secret bytea,    -- sealed
    former_secret_until timestamptz,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX subscriptions_owner_idx ON subscriptions (owner, subscription_id);

-- What it asked for, by pattern: a type finds its subscriptions by looking up its own prefixes.
CREATE TABLE subscription_patterns (
    pattern text NOT NULL,
    subscription_id uuid NOT NULL REFERENCES subscriptions,
    CONSTRAINT subscription_patterns_pkey PRIMARY KEY (pattern, subscription_id)
);
CREATE INDEX subscription_patterns_subscription_idx ON subscription_patterns (subscription_id);

-- How an endpoint behaves: written by the sender, and apart from the subscription, whose version
-- it must not raise.
CREATE TABLE endpoint_health (
    subscription_id uuid PRIMARY KEY REFERENCES subscriptions,
    failures integer NOT NULL DEFAULT 0,  -- since the last success
    failing_since timestamptz,
    hold_until timestamptz,
    delivered_at timestamptz  -- to the minute
) WITH (fillfactor = 70);

-- The body of a fact that somebody asked for; once, however many are told.
CREATE TABLE events (
    event_id uuid PRIMARY KEY,
    body text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX events_recorded_at_idx ON events USING brin (recorded_at);

-- One fact for one subscription. `delivery_id` is the order; `lane` is the aggregate (a hash): what
-- waits behind an earlier one of its lane is not sent. While a process sends it, `is_leased` is
-- true and `due_at` is when the lease ends. Without foreign keys: they would cost a look-up and a
-- lock per row, and subscriptions never vanish.
CREATE TABLE deliveries (
    subscription_id uuid NOT NULL,
    delivery_id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1),
    event_id uuid NOT NULL,
    type text NOT NULL,
    lane bigint NOT NULL,
    status text NOT NULL DEFAULT 'waiting' CONSTRAINT deliveries_status_check CHECK (status IN
        ('waiting', 'delivered', 'given-up')),
    attempts integer NOT NULL DEFAULT 0,  -- since it was queued or sent anew
    is_leased boolean NOT NULL DEFAULT false,
    due_at timestamptz NOT NULL DEFAULT now(),
    first_attempted_at timestamptz,
    last_attempted_at timestamptz,
    last_status_code integer,
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT deliveries_pkey PRIMARY KEY (subscription_id, delivery_id)
) WITH (
    fillfactor = 80,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 10000,
    autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX deliveries_due_idx ON deliveries (subscription_id, due_at, delivery_id)
    WHERE status = 'waiting';
CREATE INDEX deliveries_lane_idx ON deliveries (subscription_id, lane, delivery_id)
    WHERE status = 'waiting';
CREATE INDEX deliveries_created_at_idx ON deliveries USING brin (created_at);

-- Every request that was made, and what came of it.
CREATE TABLE attempts (
    subscription_id uuid NOT NULL,
    delivery_id bigint NOT NULL,
    attempted_at timestamptz NOT NULL,
    status_code integer,
    error text,
    duration_ms integer NOT NULL
);
CREATE INDEX attempts_delivery_idx ON attempts (subscription_id, delivery_id, attempted_at);
CREATE INDEX attempts_attempted_at_idx ON attempts USING brin (attempted_at);
