-- The address that a question went to, by its hash: whoever answers has it.
ALTER TABLE confirmations ADD COLUMN subject_hash text;
