-- Every touch with a customer. `subject` and `body` are personal data and on no topic.
CREATE TABLE interactions (
    interaction_id uuid NOT NULL CONSTRAINT interactions_pkey PRIMARY KEY,
    version bigint NOT NULL,
    customer_id uuid,
    contact_ids uuid[] NOT NULL,
    channel text NOT NULL,
    direction text NOT NULL,
    kind text NOT NULL,
    outcome text,
    sentiment text,
    occurred_at timestamptz NOT NULL,
    duration_s integer,
    actor_id text,
    department text,
    related_type text,
    related_id uuid,
    product_interests text[] NOT NULL,
    source text NOT NULL,
    subject text,
    body text
);
CREATE INDEX interactions_customer_idx
    ON interactions (customer_id, occurred_at DESC, interaction_id DESC);
CREATE INDEX interactions_contacts_idx ON interactions USING gin (contact_ids);
CREATE INDEX interactions_department_idx
    ON interactions (department, occurred_at DESC, interaction_id DESC);
CREATE INDEX interactions_channel_idx
    ON interactions (channel, occurred_at DESC, interaction_id DESC);
CREATE INDEX interactions_occurred_idx ON interactions (occurred_at DESC, interaction_id DESC);

-- What corrections replaced.
CREATE TABLE interaction_versions (
    LIKE interactions,
    replaced_at timestamptz NOT NULL,
    replaced_by text NOT NULL,
    reason_code text NOT NULL,
    CONSTRAINT interaction_versions_pkey PRIMARY KEY (interaction_id, version)
);

-- What a customer, or a person at it, likes: codes.
CREATE TABLE preferences (
    preference_id uuid NOT NULL CONSTRAINT preferences_pkey PRIMARY KEY,
    customer_id uuid NOT NULL,
    contact_id uuid,
    key text NOT NULL,
    value_code text NOT NULL,
    source_ref text,
    confidence double precision NOT NULL,
    learned_at timestamptz NOT NULL
);
CREATE INDEX preferences_customer_idx ON preferences (customer_id, key);
CREATE INDEX preferences_contact_idx ON preferences (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX preferences_value_idx ON preferences (key, value_code, preference_id);

-- How parties stand to one another: `from_id` is the parent, dealer, guarantor … of `to_id`.
CREATE TABLE relationships (
    relationship_id uuid NOT NULL CONSTRAINT relationships_pkey PRIMARY KEY,
    version bigint NOT NULL,
    from_id uuid NOT NULL,
    from_type text NOT NULL CONSTRAINT relationships_from_check
        CHECK (from_type IN ('customer', 'contact')),
    to_id uuid NOT NULL,
    to_type text NOT NULL CONSTRAINT relationships_to_check
        CHECK (to_type IN ('customer', 'contact')),
    relationship_type text NOT NULL,
    role text,
    strength double precision,
    valid_from timestamptz NOT NULL,
    ended_at timestamptz,
    reason_code text
);
CREATE UNIQUE INDEX relationships_active_key ON relationships (from_id, to_id, relationship_type)
    WHERE ended_at IS NULL;
CREATE UNIQUE INDEX relationships_parent_key ON relationships (to_id)
    WHERE relationship_type = 'parent-of' AND ended_at IS NULL;
CREATE INDEX relationships_from_idx ON relationships (from_id);
CREATE INDEX relationships_to_idx ON relationships (to_id);
