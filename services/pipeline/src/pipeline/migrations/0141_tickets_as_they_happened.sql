-- Promises of tickets break on another topic than tickets end: which of the two was last is told by
-- when they happened, not by which was heard of first.
ALTER TABLE tickets ADD COLUMN breached_at timestamptz, ADD COLUMN ended_at timestamptz;
UPDATE tickets SET breached_at = now() WHERE is_breached;
UPDATE tickets SET ended_at = now() WHERE NOT is_open;
ALTER TABLE tickets DROP COLUMN is_breached;
