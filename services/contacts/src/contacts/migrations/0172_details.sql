-- What few customers have (registration number, revenue, domains, team, acquisition, custom fields),
-- as it is published; null where nothing of it is said, so that it costs nobody else anything.
ALTER TABLE customers ADD COLUMN details jsonb
    CONSTRAINT customers_details_check CHECK (jsonb_typeof(details) = 'object');
