-- Since when an address is known to be the person's own; an e-mail address is so of one alone.
ALTER TABLE points ADD COLUMN verified_at timestamptz;
CREATE UNIQUE INDEX points_verified_key ON points (normalized)
    WHERE type = 'email' AND verified_at IS NOT NULL;
