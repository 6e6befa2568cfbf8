-- Of an order whose invoice is overdue: when it was to be paid, and the last level that was told.
ALTER TABLE orders ADD COLUMN due_at timestamptz, ADD COLUMN overdue_level bigint NOT NULL DEFAULT 0;
CREATE INDEX orders_overdue_idx ON orders (customer_id) WHERE overdue_level > 0;
