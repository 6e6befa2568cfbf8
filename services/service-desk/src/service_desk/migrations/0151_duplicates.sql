-- Another ticket that seems to be about the same, as a merge of their customers has shown.
ALTER TABLE tickets ADD COLUMN duplicate_of uuid;
