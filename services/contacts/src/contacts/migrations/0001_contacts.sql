-- Customers: the parties we do business with.
CREATE TABLE customers (
    customer_id uuid NOT NULL CONSTRAINT customers_pkey PRIMARY KEY,
    version bigint NOT NULL,
    kind text NOT NULL CONSTRAINT customers_kind_check
        CHECK (kind IN ('organization', 'individual')),
    display_name text NOT NULL,
    legal_name text,
    lifecycle text NOT NULL CONSTRAINT customers_lifecycle_check CHECK (lifecycle IN
        ('prospect', 'customer', 'dormant', 'churned', 'disqualified', 'offboarded')),
    lifecycle_since timestamptz NOT NULL,
    owner_id text,
    source text NOT NULL,
    territory_code text,
    region text,
    industry text,
    size_band text,
    language text,
    currency text,
    timezone text,
    website text,
    tags text[] NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX customers_owner_idx ON customers (owner_id, customer_id);
CREATE INDEX customers_lifecycle_idx ON customers (lifecycle, customer_id);

-- How other systems name a customer; one name, one customer.
CREATE TABLE external_ids (
    system text NOT NULL,
    id text NOT NULL,
    customer_id uuid NOT NULL,
    CONSTRAINT external_ids_pkey PRIMARY KEY (system, id)
);
CREATE INDEX external_ids_customer_idx ON external_ids (customer_id);

-- Deals that are won now. They may be known before their customer is: no foreign key.
CREATE TABLE won_deals (
    deal_id uuid NOT NULL CONSTRAINT won_deals_pkey PRIMARY KEY,
    customer_id uuid NOT NULL,
    won_at timestamptz NOT NULL
);
CREATE INDEX won_deals_customer_idx ON won_deals (customer_id);

-- The first order that each customer was heard of with; known before its customer, perhaps.
CREATE TABLE first_orders (
    customer_id uuid NOT NULL CONSTRAINT first_orders_pkey PRIMARY KEY,
    order_id uuid NOT NULL,
    confirmed_at timestamptz NOT NULL
);

-- People.
CREATE TABLE people (
    contact_id uuid NOT NULL CONSTRAINT people_pkey PRIMARY KEY,
    version bigint NOT NULL,
    given_name text,
    family_name text,
    salutation text,
    job_title text,
    department text,
    language text,
    timezone text,
    created_at timestamptz NOT NULL
);

CREATE TABLE points (
    point_id uuid NOT NULL CONSTRAINT points_pkey PRIMARY KEY,
    contact_id uuid NOT NULL,
    type text NOT NULL CONSTRAINT points_type_check CHECK (type IN ('email', 'phone', 'mobile')),
    value text NOT NULL,
    normalized text NOT NULL,
    is_primary boolean NOT NULL,
    status text NOT NULL CONSTRAINT points_status_check
        CHECK (status IN ('active', 'invalid', 'retired'))
);
CREATE INDEX points_contact_idx ON points (contact_id);
CREATE INDEX points_normalized_idx ON points (normalized, contact_id);

-- A person's part in a customer: ended, never overwritten; coming back is a new row.
CREATE TABLE memberships (
    contact_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz,
    role text,
    is_primary boolean NOT NULL,
    CONSTRAINT memberships_pkey PRIMARY KEY (contact_id, customer_id, since)
);
CREATE UNIQUE INDEX memberships_live_key ON memberships (contact_id, customer_id)
    WHERE until IS NULL;
CREATE INDEX memberships_customer_idx ON memberships (customer_id, contact_id);

-- Consent of a person per channel and purpose; without a row it is unknown.
CREATE TABLE consents (
    consent_id uuid NOT NULL CONSTRAINT consents_pkey PRIMARY KEY,
    version bigint NOT NULL,
    contact_id uuid NOT NULL,
    channel text NOT NULL,
    purpose text NOT NULL,
    status text NOT NULL CONSTRAINT consents_status_check
        CHECK (status IN ('granted', 'denied', 'withdrawn')),
    since timestamptz NOT NULL,
    lawful_basis text,
    source text NOT NULL,
    evidence_ref text,
    expires_at timestamptz,
    CONSTRAINT consents_subject_key UNIQUE (contact_id, channel, purpose)
);

-- Who may not be written to, by hash: it outlives the person's record.
CREATE TABLE suppressions (
    suppression_id uuid NOT NULL CONSTRAINT suppressions_pkey PRIMARY KEY,
    version bigint NOT NULL,
    subject_hash text NOT NULL,
    channel text NOT NULL,
    scope text NOT NULL,
    reason_code text NOT NULL,
    source_ref text,
    is_active boolean NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT suppressions_subject_key UNIQUE (channel, subject_hash, scope)
);

-- Which outside identifier belongs to whom.
CREATE TABLE identity_links (
    link_id uuid NOT NULL CONSTRAINT identity_links_pkey PRIMARY KEY,
    version bigint NOT NULL,
    identifier_type text NOT NULL,
    identifier text NOT NULL,
    contact_id uuid NOT NULL,
    customer_id uuid,
    source text NOT NULL,
    confidence double precision NOT NULL,
    linked_at timestamptz NOT NULL
);
CREATE INDEX identity_links_contact_idx ON identity_links (contact_id);

-- Imports; `blocks_done` is the checkpoint, moved by the transaction that wrote the block's rows.
CREATE TABLE imports (
    import_id uuid NOT NULL CONSTRAINT imports_pkey PRIMARY KEY,
    version bigint NOT NULL,
    entity_type text NOT NULL CONSTRAINT imports_entity_check
        CHECK (entity_type IN ('customer', 'contact')),
    source_label text NOT NULL,
    mode text NOT NULL CONSTRAINT imports_mode_check CHECK (mode IN ('create', 'upsert')),
    dry_run boolean NOT NULL,
    mapping jsonb NOT NULL,
    constants jsonb NOT NULL,
    header jsonb NOT NULL,
    file_hash text NOT NULL,
    status text NOT NULL CONSTRAINT imports_status_check
        CHECK (status IN ('validating', 'running', 'paused', 'completed', 'failed')),
    failure text,
    rows_total integer NOT NULL,
    rows_done integer NOT NULL,
    created integer NOT NULL,
    updated integer NOT NULL,
    unchanged integer NOT NULL,
    rejected integer NOT NULL,
    blocks_done integer NOT NULL,
    last_row integer NOT NULL,
    correlation_id text NOT NULL,
    traceparent text NOT NULL,
    started_at timestamptz NOT NULL,
    touched_at timestamptz NOT NULL,
    duration_ms bigint
);
CREATE INDEX imports_waiting_idx ON imports (touched_at) WHERE status IN ('validating', 'running');

-- The rows of files on their way in, a thousand to a block; gone when the import is complete.
CREATE TABLE import_blocks (
    import_id uuid NOT NULL,
    block integer NOT NULL,
    rows text NOT NULL,
    CONSTRAINT import_blocks_pkey PRIMARY KEY (import_id, block)
);

-- What the rows so far are identified by, to see the same one twice in a file.
CREATE TABLE import_keys (
    import_id uuid NOT NULL,
    key text NOT NULL,
    "row" integer NOT NULL,
    CONSTRAINT import_keys_pkey PRIMARY KEY (import_id, key)
);

-- Why which row was not imported.
CREATE TABLE import_errors (
    error_id bigint GENERATED ALWAYS AS IDENTITY,
    import_id uuid NOT NULL,
    "row" integer NOT NULL,
    "column" text,
    reason text NOT NULL,
    CONSTRAINT import_errors_pkey PRIMARY KEY (import_id, error_id)
);
