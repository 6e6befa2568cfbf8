-- Which records became one, by whose word, and whether they are several again.
CREATE TABLE merges (
    merge_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    party text NOT NULL,
    survivor_id uuid NOT NULL,
    merged_ids jsonb NOT NULL,
    reason_code text,
    decided_by text,
    decided_at timestamptz,
    reversible_until timestamptz,
    is_undone boolean NOT NULL,
    undone_by text,
    undone_for text
);
CREATE INDEX merges_survivor_idx ON merges (survivor_id);
CREATE INDEX merges_merged_idx ON merges USING gin (merged_ids);
