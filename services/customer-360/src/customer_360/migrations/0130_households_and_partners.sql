-- Who lives with whom; the name of a household stays in contacts.
CREATE TABLE households (
    household_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    member_contact_ids jsonb NOT NULL,
    head_contact_id uuid
);
CREATE INDEX households_members_idx ON households USING gin (member_contact_ids);

-- What a customer is in our programs, and who sells for it.
CREATE TABLE partners (
    partner_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    customer_id uuid NOT NULL,
    program text,
    tier text,
    territories jsonb NOT NULL,
    product_lines jsonb NOT NULL,
    agreement_ref text,
    status text NOT NULL,
    reason_code text,
    since timestamptz,
    reps jsonb NOT NULL
);
CREATE INDEX partners_customer_idx ON partners (customer_id);
