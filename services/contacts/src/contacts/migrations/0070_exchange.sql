-- People in files name their customer; and a row may be imported although not all of it can be.
CREATE INDEX customers_name_idx ON customers (lower(display_name)) WHERE record_status = 'active';
ALTER TABLE import_errors ADD COLUMN is_rejected boolean NOT NULL DEFAULT true;
