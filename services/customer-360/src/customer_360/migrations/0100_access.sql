-- Access requests that are being answered: ids and hashes, nobody's name; gone when they are.
CREATE TABLE access_requests (
    request_id uuid NOT NULL CONSTRAINT access_requests_pkey PRIMARY KEY,
    asked jsonb NOT NULL
);

-- What people asked about their own data, shown with them while it is open.
CREATE TABLE privacy_requests (
    request_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    contact_ids jsonb NOT NULL,
    customer_ids jsonb NOT NULL,
    since timestamptz,
    deadline_at timestamptz,
    reason_code text
);
CREATE INDEX privacy_requests_contacts_idx ON privacy_requests USING gin (contact_ids)
    WHERE status NOT IN ('completed', 'rejected');
CREATE INDEX privacy_requests_customers_idx ON privacy_requests USING gin (customer_ids)
    WHERE status NOT IN ('completed', 'rejected');
