-- Leads as their newest snapshot says, guarded by its version: whose are all disqualified? They may
-- be known before their customer is: no foreign keys.
CREATE TABLE customer_leads (
    lead_id uuid NOT NULL CONSTRAINT customer_leads_pkey PRIMARY KEY,
    version bigint NOT NULL,
    customer_id uuid,
    status text NOT NULL
);
CREATE INDEX customer_leads_customer_idx ON customer_leads (customer_id)
    WHERE customer_id IS NOT NULL;
