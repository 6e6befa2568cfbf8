-- Consents: a question that is open, a time that is over, what proves an act, when it takes effect.
ALTER TABLE consents DROP CONSTRAINT consents_status_check;
ALTER TABLE consents
    ADD CONSTRAINT consents_status_check CHECK (status IN
        ('pending-confirmation', 'granted', 'denied', 'withdrawn', 'expired')),
    ADD COLUMN form_version text,
    ADD COLUMN ip_hash text,
    ADD COLUMN effective_from timestamptz,
    ADD COLUMN double_opt_in_at timestamptz,
    ADD COLUMN token_id uuid,
    ADD COLUMN token_expires_at timestamptz;
UPDATE consents SET effective_from = since WHERE status = 'granted';
CREATE INDEX consents_expiring_idx ON consents (expires_at) WHERE status = 'granted';

-- Who is being written to right now, a batch to a row: a no is answered when none of it is left.
CREATE TABLE sending_permits (
    permit_id uuid NOT NULL CONSTRAINT sending_permits_pkey PRIMARY KEY,
    sender text NOT NULL,
    contact_ids uuid[] NOT NULL,
    subject_hashes text[] NOT NULL,
    ends_at timestamptz NOT NULL
);
ALTER TABLE sending_permits SET (autovacuum_vacuum_threshold = 200,
    autovacuum_vacuum_scale_factor = 0);
