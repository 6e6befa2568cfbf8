-- Which customers say that another system names them so, each as its newest snapshot has it. While a
-- merge or its undoing is under way two may say it: the one who was told last bears the name, and
-- when it gives it up, the other does. customer_refs holds who bears it, and is what orders lock.
CREATE TABLE customer_ref_claims (
    system text NOT NULL,
    ref text NOT NULL,
    customer_id uuid NOT NULL,
    claimed_at timestamptz NOT NULL,
    CONSTRAINT customer_ref_claims_pkey PRIMARY KEY (system, ref, customer_id)
);
CREATE INDEX customer_ref_claims_customer_idx ON customer_ref_claims (customer_id);

INSERT INTO customer_ref_claims (system, ref, customer_id, claimed_at)
SELECT system, ref, customer_id, '-infinity' FROM customer_refs WHERE customer_id IS NOT NULL;

-- A customer's names are found by its claims now.
DROP INDEX customer_refs_customer_idx;
