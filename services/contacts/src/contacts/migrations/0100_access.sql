-- What every service holds of a person who asked for it: as personal as can be, kept until it
-- expires and no longer; an erasure deletes it, too.
CREATE TABLE access_bundles (
    request_id uuid NOT NULL CONSTRAINT access_bundles_pkey PRIMARY KEY,
    contact_ids uuid[] NOT NULL,
    customer_ids uuid[] NOT NULL,
    document text NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX access_bundles_expiring_idx ON access_bundles (expires_at);
