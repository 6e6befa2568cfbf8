-- On which basis a consent stands, from when it counts, and whether the address was confirmed.
ALTER TABLE consents
    ADD COLUMN lawful_basis text,
    ADD COLUMN effective_from timestamptz,
    ADD COLUMN double_opt_in boolean NOT NULL DEFAULT false;
