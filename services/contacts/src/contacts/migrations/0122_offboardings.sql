-- Proposals to offboard a customer or to take it back; one waits for each at most.
CREATE TABLE offboardings (
    proposal_id uuid NOT NULL CONSTRAINT offboardings_pkey PRIMARY KEY,
    customer_id uuid NOT NULL,
    "to" text NOT NULL CONSTRAINT offboardings_to_check CHECK ("to" IN ('offboarded', 'prospect')),
    reason_code text NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    status text NOT NULL CONSTRAINT offboardings_status_check
        CHECK (status IN ('proposed', 'approved', 'declined')),
    decided_by text,
    decided_at timestamptz
);
CREATE UNIQUE INDEX offboardings_open_key ON offboardings (customer_id) WHERE status = 'proposed';
CREATE INDEX offboardings_customer_idx ON offboardings (customer_id, proposed_at);
CREATE INDEX offboardings_proposed_idx ON offboardings (proposed_at, proposal_id);
