-- Where a record stands; `merged_into` is set while it is merged.
ALTER TABLE customers
    ADD COLUMN record_status text NOT NULL DEFAULT 'active'
        CONSTRAINT customers_record_status_check CHECK (record_status IN
            ('active', 'archived', 'merged', 'erasure-pending', 'erased')),
    ADD COLUMN merged_into uuid;
ALTER TABLE people
    ADD COLUMN record_status text NOT NULL DEFAULT 'active'
        CONSTRAINT people_record_status_check CHECK (record_status IN
            ('active', 'archived', 'merged', 'erasure-pending', 'erased')),
    ADD COLUMN merged_into uuid;
