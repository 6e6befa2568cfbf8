-- People who live together; `name` is personal data and on the state topic only.
CREATE TABLE households (
    household_id uuid NOT NULL CONSTRAINT households_pkey PRIMARY KEY,
    version bigint NOT NULL,
    name text,
    head_contact_id uuid,
    founded_at timestamptz NOT NULL,
    dissolved_at timestamptz,
    CONSTRAINT households_head_check CHECK ((head_contact_id IS NULL) = (dissolved_at IS NOT NULL))
);

-- Who lives in which: a person in one household at most.
CREATE TABLE household_members (
    contact_id uuid NOT NULL CONSTRAINT household_members_pkey PRIMARY KEY,
    household_id uuid NOT NULL,
    since timestamptz NOT NULL
);
CREATE INDEX household_members_household_idx ON household_members (household_id);

-- Customers who sell for us; one that is terminated leaves its place to another.
CREATE TABLE partners (
    partner_id uuid NOT NULL CONSTRAINT partners_pkey PRIMARY KEY,
    version bigint NOT NULL,
    customer_id uuid NOT NULL,
    program text NOT NULL,
    tier text NOT NULL,
    territories text[] NOT NULL,
    product_lines text[] NOT NULL,
    agreement_ref text,
    onboarded_at timestamptz NOT NULL,
    status text NOT NULL CONSTRAINT partners_status_check
        CHECK (status IN ('prospective', 'active', 'suspended', 'terminated')),
    reason_code text,
    since timestamptz NOT NULL
);
CREATE UNIQUE INDEX partners_program_key ON partners (customer_id, program)
    WHERE status <> 'terminated';
CREATE INDEX partners_customer_idx ON partners (customer_id);

-- Their salespeople; `certificates` holds the latest result of each course, `certified_until` is
-- when the last of them ends.
CREATE TABLE partner_reps (
    partner_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    role text NOT NULL,
    registered_at timestamptz NOT NULL,
    status text NOT NULL CONSTRAINT partner_reps_status_check
        CHECK (status IN ('registered', 'certified', 'expired')),
    certificates jsonb NOT NULL,
    certified_until timestamptz,
    CONSTRAINT partner_reps_pkey PRIMARY KEY (partner_id, contact_id)
);
CREATE INDEX partner_reps_contact_idx ON partner_reps (contact_id);
CREATE INDEX partner_reps_due_idx ON partner_reps (certified_until) WHERE status = 'certified';
