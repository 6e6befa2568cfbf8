-- When an identifier was last seen with the person it is linked to; it was first seen when it was
-- linked.
ALTER TABLE identity_links ADD COLUMN last_seen_at timestamptz NOT NULL DEFAULT now();
UPDATE identity_links SET last_seen_at = linked_at;
