-- What one employee hands over to another.
CREATE TABLE handovers (
    handover_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    from_owner_id text NOT NULL,
    to_owner_id text NOT NULL,
    reason_code text,
    status text NOT NULL,
    started_at timestamptz,
    due_at timestamptz,
    moved jsonb NOT NULL,
    unresolved jsonb NOT NULL
);

-- Who took each customer over last, and in which handover.
CREATE TABLE ownerships (
    customer_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    owner_id text NOT NULL,
    handover_id uuid
);
CREATE INDEX ownerships_handover_idx ON ownerships (handover_id, customer_id)
    WHERE handover_id IS NOT NULL;

ALTER TABLE deals ADD COLUMN handover_id uuid;
CREATE INDEX deals_handover_idx ON deals (handover_id, customer_id) WHERE handover_id IS NOT NULL;
CREATE INDEX deals_open_owner_idx ON deals (owner_id, customer_id) WHERE status = 'open';
CREATE INDEX customers_owner_idx ON customers (owner_id, customer_id);
