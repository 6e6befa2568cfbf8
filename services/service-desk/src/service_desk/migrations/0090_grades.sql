-- The grade of a customer, and the name of the service level that it entitles to.
CREATE TABLE customer_grades (
    customer_id uuid NOT NULL CONSTRAINT customer_grades_pkey PRIMARY KEY,
    version bigint NOT NULL,
    grade text NOT NULL,
    service_level text NOT NULL
);
