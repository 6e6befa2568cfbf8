-- After how many days without a word a customer is dormant. A version is never changed; of those in
-- force the highest rules.
CREATE TABLE dormancy_policies (
    policy_id uuid NOT NULL CONSTRAINT dormancy_policies_pkey PRIMARY KEY,
    policy_version integer NOT NULL CONSTRAINT dormancy_policies_version_key UNIQUE,
    rules jsonb NOT NULL,
    effective_from timestamptz NOT NULL,
    published_by text NOT NULL,
    published_at timestamptz NOT NULL
);
INSERT INTO dormancy_policies VALUES (
    '5f0f7f0e-8f0b-5a52-9a61-7b1c1d9a6001', 1,
    '{"days": 180, "days_by_industry": {}, "churn_factor": 2}',
    '2026-01-01T00:00:00Z', 'policy', '2026-01-01T00:00:00Z'
);

-- When a deal changed last. Of those of before nobody knows: whoever has one is told of too late
-- rather than too early.
ALTER TABLE customer_deals ADD COLUMN changed_at timestamptz;
UPDATE customer_deals SET changed_at = now();
CREATE INDEX customer_deals_changed_idx ON customer_deals (customer_id, changed_at);
