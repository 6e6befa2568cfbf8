-- A person who was merged into another, as their snapshot says it.
ALTER TABLE contacts ADD COLUMN merged_into uuid;
CREATE INDEX contacts_merged_idx ON contacts (merged_into) WHERE merged_into IS NOT NULL;
