-- Limits that are past their time: the next look at each customer with a limit tells of them.
ALTER TABLE customer_credits ADD COLUMN is_expired boolean NOT NULL DEFAULT false;
CREATE INDEX customer_credits_expired_idx ON customer_credits (customer_id) WHERE is_expired;
