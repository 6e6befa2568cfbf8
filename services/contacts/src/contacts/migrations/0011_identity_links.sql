-- A link can end, and an identifier that one person alone can have may be claimed for another.
ALTER TABLE identity_links ADD COLUMN unlinked_at timestamptz;
ALTER TABLE identity_links ADD COLUMN claimed_for uuid[] NOT NULL DEFAULT '{}';
