-- Every customer has an owner or waits in a queue. Snapshots of those that were there say so when
-- they change or are published again.
ALTER TABLE customers ADD COLUMN queue text;
UPDATE customers SET queue = 'unassigned' WHERE owner_id IS NULL;
ALTER TABLE customers ADD CONSTRAINT customers_place_check
    CHECK ((owner_id IS NULL) <> (queue IS NULL));

-- Each row stands in one of the two, so that both cost what one did.
DROP INDEX customers_owner_idx;
CREATE INDEX customers_owner_idx ON customers (owner_id, customer_id) WHERE owner_id IS NOT NULL;
CREATE INDEX customers_queue_idx ON customers (queue, customer_id) WHERE queue IS NOT NULL;
