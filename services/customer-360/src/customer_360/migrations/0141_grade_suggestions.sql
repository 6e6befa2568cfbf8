-- Grade policies as contacts published them; the first is the one that contacts ships with.
CREATE TABLE grade_policies (
    policy_version integer NOT NULL CONSTRAINT grade_policies_pkey PRIMARY KEY,
    weights jsonb NOT NULL,
    bands jsonb NOT NULL,
    scale jsonb NOT NULL
);
INSERT INTO grade_policies VALUES (
    1,
    '{"contribution": "0.40", "payment": "0.20", "potential": "0.20", "loyalty": "0.10",
        "cost-to-serve": "-0.10"}',
    '{"A": "80", "B": "60", "C": "40", "D": "20", "E": "0"}',
    '{"window_days": "365", "full_years": "5", "full_tickets": "24"}'
);

-- How far a score must be beyond the edge of its band, and the level of what had no place before.
INSERT INTO score_models (model, version, bounds)
VALUES ('grade', 1, '{"margin": "3", "unplaced_level": "50"}');

-- What was suggested to contacts while the grade of `graded_at` has been in force, by input_hash.
CREATE TABLE grade_suggestions (
    customer_id uuid NOT NULL CONSTRAINT grade_suggestions_pkey PRIMARY KEY,
    version bigint NOT NULL,
    graded_at timestamptz NOT NULL,
    told text[] NOT NULL
);
