-- Access requests that are being answered: ids and hashes, nobody's name; gone when they are.
CREATE TABLE access_requests (
    request_id uuid NOT NULL CONSTRAINT access_requests_pkey PRIMARY KEY,
    asked jsonb NOT NULL
);
