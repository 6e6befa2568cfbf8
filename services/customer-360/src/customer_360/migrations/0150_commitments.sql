-- What was promised to each customer; the words stay in pipeline.
CREATE TABLE commitments (
    commitment_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    customer_id uuid NOT NULL,
    status text NOT NULL,
    contact_id uuid,
    deal_id uuid,
    kind text,
    amount numeric,
    currency text,
    made_by text,
    owner_id text,
    made_at timestamptz,
    due_at timestamptz,
    is_due_soon boolean NOT NULL,
    broken_at timestamptz,
    closed_at timestamptz,
    handover_id uuid
);
CREATE INDEX commitments_customer_idx ON commitments (customer_id);
CREATE INDEX commitments_handover_idx ON commitments (handover_id, customer_id)
    WHERE handover_id IS NOT NULL;
CREATE INDEX commitments_owed_owner_idx ON commitments (owner_id, customer_id)
    WHERE status IN ('open', 'broken');
