-- Every touch with a customer, in codes.
CREATE TABLE interactions (
    interaction_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    customer_id uuid,
    contact_ids jsonb NOT NULL,
    channel text,
    direction text,
    kind text,
    outcome text,
    sentiment text,
    department text,
    actor_id text,
    duration_s bigint,
    related_type text,
    related_id uuid,
    source text,
    occurred_at timestamptz
);
CREATE INDEX interactions_customer_idx
    ON interactions (customer_id, occurred_at DESC, interaction_id DESC);
CREATE INDEX interactions_people_idx ON interactions USING gin (contact_ids)
    WHERE customer_id IS NULL;

-- What a customer, or a person at it, likes.
CREATE TABLE preferences (
    preference_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    customer_id uuid,
    contact_id uuid,
    key text,
    value_code text,
    source_ref text,
    confidence numeric,
    learned_at timestamptz
);
CREATE INDEX preferences_customer_idx ON preferences (customer_id);

-- How parties stand to one another.
CREATE TABLE relationships (
    relationship_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    from_id uuid NOT NULL,
    from_type text NOT NULL,
    to_id uuid NOT NULL,
    to_type text NOT NULL,
    relationship_type text NOT NULL,
    role text,
    strength numeric,
    valid_from timestamptz,
    ended_at timestamptz
);
CREATE INDEX relationships_from_idx ON relationships (from_id);
CREATE INDEX relationships_to_idx ON relationships (to_id);
