-- Whom nobody may write to because they asked so, and which request says it.
CREATE TABLE restrictions (
    contact_id uuid NOT NULL,
    request_id uuid NOT NULL,
    CONSTRAINT restrictions_pkey PRIMARY KEY (contact_id, request_id)
);
-- What one person submitted is found by the address that they gave.
CREATE INDEX submissions_email_idx ON submissions (lower(fields ->> 'email'));
