-- What each customer is graded by and owes: one row per order, deal, ticket and survey, guarded by
-- its version. They may be known before their customer is: no foreign keys. A fact says some of the
-- columns only, so the others may be null, also in what is about to update a row that has them.
CREATE TABLE customer_orders (
    order_id uuid NOT NULL CONSTRAINT customer_orders_pkey PRIMARY KEY,
    version bigint NOT NULL,
    customer_id uuid NOT NULL,
    status text,
    total numeric NOT NULL,
    currency text NOT NULL,
    ordered_at timestamptz,
    invoiced_at timestamptz,
    paid_at timestamptz
);
CREATE INDEX customer_orders_customer_idx ON customer_orders (customer_id);

CREATE TABLE customer_deals (
    deal_id uuid NOT NULL CONSTRAINT customer_deals_pkey PRIMARY KEY,
    version bigint NOT NULL,
    customer_id uuid NOT NULL,
    status text,
    amount numeric,
    currency text,
    probability integer
);
CREATE INDEX customer_deals_customer_idx ON customer_deals (customer_id) WHERE status = 'open';

CREATE TABLE customer_tickets (
    ticket_id uuid NOT NULL CONSTRAINT customer_tickets_pkey PRIMARY KEY,
    version bigint NOT NULL,
    customer_id uuid NOT NULL,
    opened_at timestamptz,
    is_cancelled boolean
);
CREATE INDEX customer_tickets_customer_idx ON customer_tickets (customer_id);

CREATE TABLE customer_surveys (
    survey_id uuid NOT NULL CONSTRAINT customer_surveys_pkey PRIMARY KEY,
    version bigint NOT NULL,
    customer_id uuid NOT NULL,
    kind text NOT NULL,
    score integer NOT NULL,
    answered_at timestamptz NOT NULL
);
CREATE INDEX customer_surveys_customer_idx ON customer_surveys (customer_id);

-- The grade of a customer as it is published, and what of it is searched by.
CREATE TABLE customer_grades (
    customer_id uuid NOT NULL CONSTRAINT customer_grades_pkey PRIMARY KEY,
    grade text NOT NULL CONSTRAINT customer_grades_grade_check
        CHECK (grade IN ('A', 'B', 'C', 'D', 'E')),
    policy_version integer NOT NULL,
    next_review_at timestamptz NOT NULL,
    is_proposed boolean NOT NULL,
    grading jsonb NOT NULL
);
CREATE INDEX customer_grades_review_idx ON customer_grades (next_review_at) WHERE NOT is_proposed;
CREATE INDEX customer_grades_policy_idx ON customer_grades (policy_version) WHERE NOT is_proposed;
CREATE INDEX customer_grades_proposed_idx ON customer_grades (customer_id) WHERE is_proposed;

-- The credit of a customer as it is published, and what of it is searched by.
CREATE TABLE customer_credits (
    customer_id uuid NOT NULL CONSTRAINT customer_credits_pkey PRIMARY KEY,
    credit_limit numeric,
    currency text,
    exposure numeric NOT NULL,
    is_held boolean NOT NULL,
    credit jsonb NOT NULL
);
CREATE INDEX customer_credits_held_idx ON customer_credits (customer_id) WHERE is_held;

-- Versions of the grade policy. What is published is never changed; of those in force the highest
-- version rules. The figures are data: amounts of the scale, weights, bands, days, service levels.
CREATE TABLE grade_policies (
    policy_id uuid NOT NULL CONSTRAINT grade_policies_pkey PRIMARY KEY,
    policy_version integer NOT NULL CONSTRAINT grade_policies_version_key UNIQUE,
    status text NOT NULL CONSTRAINT grade_policies_status_check
        CHECK (status IN ('draft', 'published')),
    rules jsonb NOT NULL,
    effective_from timestamptz NOT NULL,
    drafted_by text NOT NULL,
    drafted_at timestamptz NOT NULL,
    published_by text,
    published_at timestamptz
);
INSERT INTO grade_policies VALUES (
    'b6a6a4f8-5d0c-5b3e-9a57-1f0c4f1f6a01', 1, 'published',
    '{"weights": {"contribution": "0.40", "payment": "0.20", "potential": "0.20",
        "loyalty": "0.10", "cost-to-serve": "-0.10"},
      "bands": {"A": "80", "B": "60", "C": "40", "D": "20", "E": "0"},
      "review_days": {"A": 90, "B": 90, "C": 180, "D": 180, "E": 180},
      "service_levels": {"A": "platinum", "B": "gold", "C": "silver", "D": "standard",
        "E": "standard"},
      "scale": {"first_review_days": 30, "window_days": 365, "terms_days": 30,
        "unknown_level": "50", "full_years": "5", "full_tickets": "24"}}',
    '2026-01-01T00:00:00Z', 'policy', '2026-01-01T00:00:00Z', 'policy', '2026-01-01T00:00:00Z'
);

-- Where a hundredth of the customers ends, by what is measured and currency; cut anew every week.
CREATE TABLE grade_bounds (
    measure text NOT NULL CONSTRAINT grade_bounds_measure_check
        CHECK (measure IN ('revenue', 'pipeline')),
    currency text NOT NULL,
    bounds numeric[] NOT NULL,
    cut_at timestamptz NOT NULL,
    CONSTRAINT grade_bounds_pkey PRIMARY KEY (measure, currency)
);

-- What a draft would do to the whole base; `after_id` is the checkpoint, moved by the transaction
-- that did the page.
CREATE TABLE grade_dry_runs (
    run_id uuid NOT NULL CONSTRAINT grade_dry_runs_pkey PRIMARY KEY,
    policy_id uuid NOT NULL,
    status text NOT NULL CONSTRAINT grade_dry_runs_status_check
        CHECK (status IN ('running', 'completed')),
    after_id uuid,
    customers_done bigint NOT NULL,
    changes jsonb NOT NULL,
    samples jsonb NOT NULL,
    started_by text NOT NULL,
    started_at timestamptz NOT NULL,
    touched_at timestamptz NOT NULL,
    completed_at timestamptz
);
CREATE INDEX grade_dry_runs_waiting_idx ON grade_dry_runs (touched_at) WHERE status = 'running';
CREATE INDEX grade_dry_runs_policy_idx ON grade_dry_runs (policy_id);

-- How limits are made and when a hold follows; the highest version rules, old ones stay for audit.
CREATE TABLE credit_policies (
    policy_version integer NOT NULL CONSTRAINT credit_policies_pkey PRIMARY KEY,
    factor numeric NOT NULL,
    terms_days integer NOT NULL,
    window_days integer NOT NULL,
    hold_overdue_days integer NOT NULL,
    valid_days integer NOT NULL
);
INSERT INTO credit_policies VALUES (1, 2, 30, 365, 30, 365);

CREATE TABLE credit_caps (
    policy_version integer NOT NULL,
    currency text NOT NULL,
    grade text NOT NULL,
    cap numeric NOT NULL,
    CONSTRAINT credit_caps_pkey PRIMARY KEY (policy_version, currency, grade)
);
INSERT INTO credit_caps
SELECT 1, currency, grade, cap * rate
FROM (VALUES ('A', 500000), ('B', 200000), ('C', 50000), ('D', 10000), ('E', 0)) AS g (grade, cap),
    (VALUES ('EUR', 1), ('USD', 1), ('GBP', 1), ('CNY', 8)) AS c (currency, rate);
