-- When an invoice is overdue, and how often that is told. The highest version rules; old ones stay
-- for audit. `terms_days` are those of whoever has none agreed; `levels` are days past due,
-- ascending. The third is the first day of contacts' hold for overdue invoices (more than 30 days).
CREATE TABLE payment_policies (
    policy_version integer NOT NULL CONSTRAINT payment_policies_pkey PRIMARY KEY,
    terms_days integer NOT NULL,
    levels integer[] NOT NULL
);
INSERT INTO payment_policies VALUES (1, 30, '{1, 15, 31, 60}');

-- The terms that the newest snapshot of the customer says; of those known before, the next one does.
ALTER TABLE customers ADD COLUMN terms_days integer;

-- `look_at` is when the order is next looked at; null where there is nothing to be told any more.
-- When an order of before was invoiced is not known: its terms begin now, so it is told too late
-- rather than too early.
ALTER TABLE orders
    ADD COLUMN invoiced_at timestamptz,
    ADD COLUMN overdue_level integer NOT NULL DEFAULT 0,
    ADD COLUMN look_at timestamptz;
UPDATE orders SET invoiced_at = now(), look_at = now() WHERE status = 'invoiced';
CREATE INDEX orders_look_idx ON orders (look_at) WHERE look_at IS NOT NULL;
