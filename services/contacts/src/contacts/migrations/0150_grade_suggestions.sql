-- The last suggestion of customer-360 that led to a review, by what it rests on.
CREATE TABLE grade_suggestions (
    customer_id uuid NOT NULL CONSTRAINT grade_suggestions_pkey PRIMARY KEY,
    input_hash text NOT NULL
);
