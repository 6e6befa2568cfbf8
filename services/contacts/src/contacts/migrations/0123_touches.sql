-- Calls and purchases of whom nobody knows, or of whom several could be: kept until somebody says
-- whose they are. `told` has no number; `identifier_hash` stands for it, as on event topics.
CREATE TABLE unattached_touches (
    interaction_id uuid NOT NULL CONSTRAINT unattached_touches_pkey PRIMARY KEY,
    reason text NOT NULL CONSTRAINT unattached_touches_reason_check
        CHECK (reason IN ('unknown', 'ambiguous', 'unreadable')),
    candidate_ids uuid[] NOT NULL,
    identifier_hash text,
    told jsonb NOT NULL,
    occurred_at timestamptz NOT NULL
);
CREATE INDEX unattached_touches_occurred_idx
    ON unattached_touches (occurred_at DESC, interaction_id DESC);

-- How long an absence lasts for which somebody else has what was theirs.
ALTER TABLE handovers ADD COLUMN until timestamptz;
