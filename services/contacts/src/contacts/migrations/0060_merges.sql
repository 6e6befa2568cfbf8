-- Which id means which record now. What contacts itself moves is moved in the transaction of the
-- merge, so it has no part of its own to remember as the other services have.
CREATE TABLE aliases (
    old_id uuid NOT NULL,
    into_id uuid NOT NULL,
    party text NOT NULL CONSTRAINT aliases_party_check CHECK (party IN ('customer', 'contact')),
    merge_id uuid NOT NULL,
    merged_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT aliases_pkey PRIMARY KEY (merge_id, old_id)
);
CREATE INDEX aliases_old_idx ON aliases (old_id, merged_at) WHERE ended_at IS NULL;
CREATE INDEX aliases_into_idx ON aliases (into_id) WHERE ended_at IS NULL;

-- Merges and what became of them. `kept` is what it takes to undo one: values that the record that
-- stays had before, and what came to it. It is personal data, deleted when the window closes or the
-- party is erased.
CREATE TABLE merges (
    merge_id uuid NOT NULL CONSTRAINT merges_pkey PRIMARY KEY,
    party text NOT NULL CONSTRAINT merges_party_check CHECK (party IN ('customer', 'contact')),
    survivor_id uuid NOT NULL,
    merged_ids uuid[] NOT NULL,
    fields jsonb NOT NULL,
    moved jsonb NOT NULL,
    kept jsonb,
    reason_code text NOT NULL,
    forced_for text,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL,
    reversible_until timestamptz NOT NULL,
    undone_at timestamptz,
    undone_by text,
    undone_for text
);
CREATE INDEX merges_decided_idx ON merges (decided_at, merge_id);
CREATE INDEX merges_survivor_idx ON merges (survivor_id);
CREATE INDEX merges_merged_idx ON merges USING gin (merged_ids);
CREATE INDEX merges_kept_idx ON merges (reversible_until) WHERE kept IS NOT NULL;
-- Who is moved along when their customer is merged.
CREATE INDEX identity_links_customer_idx ON identity_links (customer_id);
