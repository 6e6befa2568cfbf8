-- Pairs of records that may be one party, as contacts suspects them.
CREATE TABLE duplicates (
    case_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    entity_type text,
    first_id uuid,
    second_id uuid,
    status text NOT NULL,
    score numeric,
    matched_on jsonb NOT NULL,
    suggested_survivor_id uuid,
    survivor_id uuid,
    detected_at timestamptz,
    decided_at timestamptz,
    reason_code text
);
CREATE INDEX duplicates_first_idx ON duplicates (first_id);
CREATE INDEX duplicates_second_idx ON duplicates (second_id);

-- Where a person is reached by post, and the days that count for them.
ALTER TABLE contacts ADD COLUMN postal_points jsonb NOT NULL DEFAULT '[]';
ALTER TABLE contacts ADD COLUMN key_dates jsonb NOT NULL DEFAULT '[]';
