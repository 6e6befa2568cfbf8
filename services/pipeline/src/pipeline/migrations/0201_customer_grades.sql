-- The grade that contacts gave each customer, and the one that a lead's answer is owed by.
CREATE TABLE customer_grades (
    customer_id uuid CONSTRAINT customer_grades_pkey PRIMARY KEY,
    version bigint NOT NULL,
    grade text NOT NULL
);
ALTER TABLE leads ADD COLUMN customer_grade text;
CREATE INDEX leads_customer_unanswered_idx ON leads (customer_id)
    WHERE status IN ('new', 'assigned') AND customer_id IS NOT NULL;
