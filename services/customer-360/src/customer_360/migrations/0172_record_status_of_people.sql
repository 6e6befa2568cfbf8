-- Where the record of a person stands, as their snapshot says it.
ALTER TABLE contacts ADD COLUMN record_status text;
