-- Credit holds that contacts told of: whose deals are not won now. A row may come before its
-- customer; `reason_code` is null where the hold was released.
CREATE TABLE credit_holds (
    customer_id uuid NOT NULL CONSTRAINT credit_holds_pkey PRIMARY KEY,
    version bigint NOT NULL,
    reason_code text,
    since timestamptz NOT NULL
);
