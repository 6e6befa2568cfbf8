-- What was promised to customers. `wake_at` is when a promise next has something to say of itself:
-- that it is due soon, or broken; null where time changes nothing of it any more.
CREATE TABLE commitments (
    commitment_id uuid NOT NULL CONSTRAINT commitments_pkey PRIMARY KEY,
    version bigint NOT NULL,
    customer_id uuid NOT NULL,
    contact_id uuid,
    deal_id uuid,
    kind text NOT NULL,
    text text NOT NULL,
    amount numeric,
    currency text,
    made_by text NOT NULL,
    owner_id text NOT NULL,
    made_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    status text NOT NULL CONSTRAINT commitments_status_check
        CHECK (status IN ('open', 'broken', 'fulfilled', 'withdrawn')),
    is_due_soon boolean NOT NULL,
    broken_at timestamptz,
    closed_at timestamptz,
    evidence_ref text,
    reason_code text,
    wake_at timestamptz,
    CONSTRAINT commitments_worth_check CHECK ((amount IS NULL) = (currency IS NULL))
);
CREATE INDEX commitments_wake_idx ON commitments (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX commitments_due_idx ON commitments (due_at, commitment_id);
CREATE INDEX commitments_owner_idx ON commitments (owner_id, due_at, commitment_id);
CREATE INDEX commitments_customer_idx ON commitments (customer_id, due_at, commitment_id);
CREATE INDEX commitments_deal_idx ON commitments (deal_id, due_at, commitment_id)
    WHERE deal_id IS NOT NULL;
CREATE INDEX commitments_contact_idx ON commitments (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX commitments_owed_owner_idx ON commitments (owner_id, commitment_id)
    WHERE status IN ('open', 'broken');
