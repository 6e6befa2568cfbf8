-- Who changed what of a record, when, from what to what, and why; written with the change itself.
-- `about` is the customer or person whose history it is; personal data, deleted with the person.
-- A record's beginning has no fields: its first values are what the first change found.
CREATE TABLE record_changes (
    change_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT record_changes_pkey PRIMARY KEY,
    about uuid NOT NULL,
    part text NOT NULL,
    version bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    actor text NOT NULL,
    correlation_id text NOT NULL,
    causation_id text,
    fields jsonb NOT NULL
);
CREATE INDEX record_changes_about_idx ON record_changes (about, change_id);
