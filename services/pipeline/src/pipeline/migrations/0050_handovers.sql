-- This service's part in handovers: what it moves, for whom, and whether it has said so. What an
-- employee who left is given after all is moved by the sweep.
CREATE TABLE handover_parts (
    handover_id uuid NOT NULL CONSTRAINT handover_parts_pkey PRIMARY KEY,
    from_owner_id text NOT NULL,
    to_owner_id text NOT NULL,
    reason_code text NOT NULL,
    correlation_id text NOT NULL,
    traceparent text NOT NULL,
    causation_id text,
    started_at timestamptz NOT NULL,
    moved jsonb NOT NULL DEFAULT '{}',
    acknowledged_at timestamptz,
    swept_at timestamptz
);
CREATE INDEX handover_parts_waiting_idx ON handover_parts (started_at)
    WHERE acknowledged_at IS NULL;
CREATE INDEX handover_parts_left_idx ON handover_parts (from_owner_id, started_at)
    WHERE reason_code = 'left';
CREATE INDEX handover_parts_swept_idx ON handover_parts (swept_at)
    WHERE reason_code = 'left' AND acknowledged_at IS NOT NULL;

CREATE INDEX deals_open_owner_idx ON deals (owner_id, deal_id) WHERE status = 'open';
CREATE INDEX leads_open_owner_idx ON leads (owner_id, lead_id)
    WHERE status NOT IN ('disqualified', 'converted');
