-- Consents that are pending, over, or not yet in force; contacts has the last word about each.
ALTER TABLE consents DROP CONSTRAINT consents_status_check;
ALTER TABLE consents
    ADD CONSTRAINT consents_status_check CHECK (status IN
        ('pending-confirmation', 'granted', 'denied', 'withdrawn', 'expired')),
    ADD COLUMN effective_from timestamptz;

-- Mails that ask the owner of an address to confirm a consent: one for each question.
CREATE TABLE confirmations (
    token_id uuid CONSTRAINT confirmations_pkey PRIMARY KEY,
    consent_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    channel text NOT NULL,
    purpose text NOT NULL,
    expires_at timestamptz NOT NULL,
    version bigint NOT NULL DEFAULT 0,
    status text NOT NULL DEFAULT 'reserved' CHECK (status IN
        ('reserved', 'handing-over', 'sent', 'not-sent', 'confirmed')),
    reason_code text,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    handed_over_at timestamptz,
    sent_at timestamptz,
    confirmed_at timestamptz,
    cause jsonb NOT NULL
);
CREATE INDEX confirmations_due_idx ON confirmations (next_attempt_at) WHERE status = 'reserved';
CREATE INDEX confirmations_handing_over_idx ON confirmations (handed_over_at)
    WHERE status = 'handing-over';
CREATE INDEX confirmations_contact_idx ON confirmations (contact_id);
