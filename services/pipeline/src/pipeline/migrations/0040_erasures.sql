-- When the person behind a lead was erased: the row stays for the figures, nameless, and has no
-- snapshot any more.
ALTER TABLE leads ADD COLUMN erased_at timestamptz;
CREATE INDEX deals_primary_contact_idx ON deals (primary_contact_id)
    WHERE primary_contact_id IS NOT NULL;

-- What the law wants kept although a person asks for erasure, and how long after the last of it.
CREATE TABLE retention_rules (
    category text PRIMARY KEY,
    legal_basis text NOT NULL,
    kept interval NOT NULL
);
INSERT INTO retention_rules VALUES ('orders', 'tax-and-commercial-records', interval '10 years');
