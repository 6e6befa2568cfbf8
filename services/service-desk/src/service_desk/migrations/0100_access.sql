-- Access requests that are being answered: ids and hashes, nobody's name; gone when they are.
CREATE TABLE access_requests (
    request_id uuid NOT NULL CONSTRAINT access_requests_pkey PRIMARY KEY,
    asked jsonb NOT NULL
);

-- What a person is told of, and what is redacted, is found by the person.
CREATE INDEX tickets_contact_idx ON tickets (contact_id, ticket_id) WHERE contact_id IS NOT NULL;
