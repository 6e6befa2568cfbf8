-- A customer that was merged into another, as its snapshot says it.
ALTER TABLE customers ADD COLUMN record_status text;
ALTER TABLE customers ADD COLUMN merged_into uuid;
CREATE INDEX customers_merged_idx ON customers (merged_into) WHERE merged_into IS NOT NULL;
