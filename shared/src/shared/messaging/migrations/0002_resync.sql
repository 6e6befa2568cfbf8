-- A resync publishes snapshots again under the versions that they have had, so a version may stand
-- in the outbox twice: as what happened, and as often as resyncs ask for it.
ALTER TABLE outbox ADD COLUMN resync_id uuid;
ALTER TABLE outbox DROP CONSTRAINT outbox_version_key;
CREATE UNIQUE INDEX outbox_version_key ON outbox (topic, aggregate_id, version)
    WHERE resync_id IS NULL;

-- Resyncs and how far each has come: `step` counts its aggregates, `after` is the last key of the
-- one under way. `next_at` keeps all processes together to the rate.
CREATE TABLE resyncs (
    resync_id uuid CONSTRAINT resyncs_pkey PRIMARY KEY,
    version bigint NOT NULL,
    phase text NOT NULL CONSTRAINT resyncs_phase_check
        CHECK (phase IN ('looking', 'publishing', 'completed', 'cancelled')),
    is_paused boolean NOT NULL DEFAULT false,
    aggregates text[] NOT NULL,
    chosen_by text NOT NULL CONSTRAINT resyncs_chosen_check
        CHECK (chosen_by IN ('all', 'ids', 'time')),
    changed_since timestamptz,
    changed_until timestamptz,
    rate integer NOT NULL,
    step integer NOT NULL DEFAULT 0,
    after uuid,
    places jsonb,
    total bigint,
    published jsonb NOT NULL DEFAULT '{}',
    missing bigint NOT NULL DEFAULT 0,
    requested_by text NOT NULL,
    correlation_id text NOT NULL,
    traceparent text NOT NULL,
    requested_at timestamptz NOT NULL,
    next_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz
);
CREATE INDEX resyncs_due_idx ON resyncs (next_at)
    WHERE phase IN ('looking', 'publishing') AND NOT is_paused;

-- What was asked for by id, or found to have changed; gone when the resync has ended.
CREATE TABLE resync_ids (
    resync_id uuid NOT NULL,
    aggregate text NOT NULL,
    id uuid NOT NULL,
    CONSTRAINT resync_ids_pkey PRIMARY KEY (resync_id, aggregate, id)
);
