-- How many duplicate cases a file's new records have opened.
ALTER TABLE imports ADD COLUMN duplicates bigint NOT NULL DEFAULT 0;
