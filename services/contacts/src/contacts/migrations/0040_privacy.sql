-- What people ask about their own data. The request outlives what it erased: it holds ids, hashes,
-- codes and times, nobody's name or address.
CREATE TABLE privacy_requests (
    request_id uuid NOT NULL CONSTRAINT privacy_requests_pkey PRIMARY KEY,
    version bigint NOT NULL,
    kind text NOT NULL CONSTRAINT privacy_requests_kind_check
        CHECK (kind IN ('erasure', 'export', 'restriction')),
    status text NOT NULL CONSTRAINT privacy_requests_status_check CHECK (status IN
        ('received', 'identity-verified', 'in-progress', 'completed', 'rejected')),
    scope text NOT NULL,
    contact_ids uuid[] NOT NULL,
    customer_ids uuid[] NOT NULL,
    former_statuses jsonb NOT NULL,  -- of the records that wait for their erasure
    retained jsonb NOT NULL,
    required_acks text[] NOT NULL,
    reason_code text,
    verified_by text,
    requested_by text NOT NULL,
    correlation_id text NOT NULL,
    received_at timestamptz NOT NULL,
    target_at timestamptz NOT NULL,
    deadline_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX privacy_requests_contacts_idx ON privacy_requests USING gin (contact_ids);
CREATE INDEX privacy_requests_customers_idx ON privacy_requests USING gin (customer_ids);
CREATE INDEX privacy_requests_open_idx ON privacy_requests (deadline_at, request_id)
    WHERE status IN ('received', 'identity-verified', 'in-progress');

-- What each service answered: counts by what it was, and what it keeps.
CREATE TABLE privacy_acks (
    request_id uuid NOT NULL,
    service text NOT NULL,
    erased jsonb NOT NULL,
    retained jsonb NOT NULL,
    acknowledged_at timestamptz NOT NULL,
    CONSTRAINT privacy_acks_pkey PRIMARY KEY (request_id, service)
);

-- Whose record nobody may process now, and which request says so.
CREATE TABLE restrictions (
    contact_id uuid NOT NULL,
    request_id uuid NOT NULL,
    CONSTRAINT restrictions_pkey PRIMARY KEY (contact_id, request_id)
);

-- How long requests may take; the highest version rules, old ones stay for audit.
CREATE TABLE privacy_policies (
    policy_version integer NOT NULL CONSTRAINT privacy_policies_pkey PRIMARY KEY,
    deadline interval NOT NULL,
    target interval NOT NULL,
    bundle_kept interval NOT NULL
);
INSERT INTO privacy_policies VALUES (1, interval '30 days', interval '72 hours', interval '14 days');

-- What the law wants kept although a person asks for erasure, and how long after the last of it.
CREATE TABLE retention_rules (
    category text NOT NULL CONSTRAINT retention_rules_pkey PRIMARY KEY,
    legal_basis text NOT NULL,
    kept interval NOT NULL
);
INSERT INTO retention_rules VALUES
    ('orders', 'tax-and-commercial-records', interval '10 years'),
    ('won-deals', 'tax-and-commercial-records', interval '10 years');
