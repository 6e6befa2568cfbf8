-- People in files name their customer; and a row may be imported although not all of it can be.
CREATE INDEX customers_name_idx ON customers (lower(display_name)) WHERE record_status = 'active';
ALTER TABLE import_errors ADD COLUMN row_is text NOT NULL DEFAULT 'rejected'
    CONSTRAINT import_errors_row_is_check CHECK (row_is IN ('rejected', 'skipped', 'imported'));

-- What becomes of a row about somebody who is known; `mode` is what the facts call it.
ALTER TABLE imports ADD COLUMN on_duplicate text NOT NULL DEFAULT 'create'
    CONSTRAINT imports_on_duplicate_check CHECK
        (on_duplicate IN ('create', 'skip', 'update', 'case'));
UPDATE imports SET on_duplicate = 'update' WHERE mode = 'upsert';
