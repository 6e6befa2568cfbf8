-- One guarded row per aggregate; `version` is the aggregate's version that the row shows. There are
-- no foreign keys: facts of different aggregates arrive in any order.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE customers (
    customer_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    kind text,
    display_name text,
    legal_name text,
    lifecycle text,
    lifecycle_since timestamptz,
    owner_id text,
    source text,
    territory_code text,
    region text,
    industry text,
    size_band text,
    language text,
    currency text,
    timezone text,
    website text,
    tags jsonb NOT NULL,
    external_ids jsonb NOT NULL,
    external_keys jsonb NOT NULL,
    created_at timestamptz
) WITH (fillfactor = 75);
CREATE INDEX customers_display_name_idx ON customers USING gin (display_name gin_trgm_ops);
CREATE INDEX customers_external_keys_idx ON customers USING gin (external_keys);
CREATE INDEX customers_external_ids_idx ON customers USING gin (external_ids jsonb_path_ops);

CREATE TABLE contacts (
    contact_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    given_name text,
    family_name text,
    full_name text,
    salutation text,
    job_title text,
    department text,
    language text,
    timezone text,
    points jsonb NOT NULL,
    memberships jsonb NOT NULL,
    customer_ids jsonb NOT NULL,
    point_keys jsonb NOT NULL,
    subject_hashes jsonb NOT NULL,
    created_at timestamptz
);
CREATE INDEX contacts_full_name_idx ON contacts USING gin (full_name gin_trgm_ops);
CREATE INDEX contacts_customer_ids_idx ON contacts USING gin (customer_ids);
CREATE INDEX contacts_point_keys_idx ON contacts USING gin (point_keys);
CREATE INDEX contacts_subject_hashes_idx ON contacts USING gin (subject_hashes);

CREATE TABLE consents (
    consent_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    contact_id uuid,
    channel text,
    purpose text,
    status text NOT NULL,
    source text,
    since timestamptz,
    expires_at timestamptz
);
CREATE INDEX consents_contact_idx ON consents (contact_id);

CREATE TABLE suppressions (
    suppression_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    subject_hash text,
    channel text,
    scope text,
    reason_code text,
    is_active boolean NOT NULL
);
CREATE INDEX suppressions_subject_idx ON suppressions (subject_hash);

CREATE TABLE identities (
    link_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    contact_id uuid,
    customer_id uuid,
    identifier_type text,
    identifier text
);
CREATE INDEX identities_contact_idx ON identities (contact_id);

CREATE TABLE leads (
    lead_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    status text NOT NULL,
    customer_id uuid,
    contact_id uuid,
    deal_id uuid,
    submission_id uuid,
    campaign_id uuid,
    source text,
    channel text,
    owner_id text,
    grade text,
    score bigint,
    product_interests jsonb NOT NULL,
    received_at timestamptz,
    response_due_at timestamptz,
    responded_at timestamptz,
    disqualified_for text
);
CREATE INDEX leads_customer_idx ON leads (customer_id);
CREATE INDEX leads_contact_idx ON leads (contact_id);

CREATE TABLE deals (
    deal_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    customer_id uuid NOT NULL,
    status text NOT NULL,
    stage_id text,
    amount numeric,
    currency text,
    probability bigint,
    forecast_category text,
    expected_close_date date,
    push_count bigint NOT NULL,
    owner_id text,
    source text,
    primary_contact_id uuid,
    campaign_id uuid,
    lead_id uuid,
    product_lines jsonb NOT NULL,
    risks jsonb NOT NULL,
    opened_at timestamptz,
    closed_at timestamptz,
    lost_for text
);
CREATE INDEX deals_customer_idx ON deals (customer_id);

CREATE TABLE orders (
    order_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    customer_id uuid NOT NULL,
    status text NOT NULL,
    external_system text,
    external_ref text,
    line_count bigint NOT NULL,
    total numeric NOT NULL,
    currency text NOT NULL,
    ordered_at timestamptz,
    changed_at timestamptz
);
CREATE INDEX orders_customer_idx ON orders (customer_id, ordered_at DESC);

CREATE VIEW order_sums AS
SELECT customer_id, currency, count(*) AS order_count, sum(total) AS revenue,
    min(ordered_at) AS first_order_at, max(ordered_at) AS last_order_at
FROM orders
WHERE status <> 'cancelled'
GROUP BY customer_id, currency;

-- "Today" for recency: the newest business day that the orders have shown.
CREATE TABLE order_horizon (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    newest_ordered_at timestamptz NOT NULL
);

CREATE TABLE tickets (
    ticket_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    customer_id uuid NOT NULL,
    contact_id uuid,
    number text,
    status text NOT NULL,
    ticket_type text,
    category text,
    severity bigint,
    priority text,
    channel text,
    agent_id text,
    source text,
    source_id uuid,
    reopen_count bigint NOT NULL,
    received_at timestamptz,
    first_responded_at timestamptz,
    resolved_at timestamptz,
    resolution_code text
);
CREATE INDEX tickets_customer_idx ON tickets (customer_id);

CREATE TABLE clocks (
    clock_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    ticket_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    metric text NOT NULL,
    status text NOT NULL,
    target_minutes bigint,
    started_at timestamptz,
    due_at timestamptz,
    paused_at timestamptz,
    warned_percent bigint,
    breached_at timestamptz,
    met_at timestamptz,
    late_by_minutes bigint
);
CREATE INDEX clocks_customer_idx ON clocks (customer_id);

CREATE TABLE surveys (
    survey_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    customer_id uuid NOT NULL,
    contact_id uuid,
    ticket_id uuid,
    kind text NOT NULL,
    score bigint,
    sent_at timestamptz,
    answered_at timestamptz
);
CREATE INDEX surveys_customer_idx ON surveys (customer_id);

CREATE TABLE campaigns (
    campaign_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    status text NOT NULL,
    name text,
    campaign_type text,
    purpose text
);

CREATE TABLE messages (
    message_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    campaign_id uuid,
    contact_id uuid,
    customer_id uuid,
    channel text,
    status text NOT NULL,
    reason_code text,
    touched_at timestamptz,
    sent_at timestamptz,
    clicked_at timestamptz,
    unsubscribed_at timestamptz
);
CREATE INDEX messages_customer_idx ON messages (customer_id);
CREATE INDEX messages_contact_idx ON messages (contact_id);

CREATE TABLE responses (
    response_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    campaign_id uuid,
    contact_id uuid,
    customer_id uuid,
    submission_id uuid,
    kind text,
    score_delta bigint NOT NULL,
    product_interests jsonb NOT NULL,
    occurred_at timestamptz
);
CREATE INDEX responses_customer_idx ON responses (customer_id);
CREATE INDEX responses_contact_idx ON responses (contact_id);

-- One line per fact. The key is also its guard: party and time follow from the event alone.
CREATE TABLE timeline (
    party_id uuid NOT NULL,
    at timestamptz NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    service text NOT NULL,
    item jsonb NOT NULL,
    CONSTRAINT timeline_pkey PRIMARY KEY (party_id, at, event_id)
);

-- `profile_version` rises whenever something of the customer changed: it tells that, no figure.
-- `dirty_since` is set while the published state is older than that.
CREATE TABLE profiles (
    customer_id uuid PRIMARY KEY,
    profile_version bigint NOT NULL,
    dirty_since timestamptz,
    published_version bigint,
    published_digest text
) WITH (fillfactor = 75);
CREATE INDEX profiles_dirty_idx ON profiles (dirty_since) WHERE dirty_since IS NOT NULL;

CREATE TABLE score_models (
    model text NOT NULL,
    version integer NOT NULL,
    bounds jsonb NOT NULL,
    published_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT score_models_pkey PRIMARY KEY (model, version)
);
INSERT INTO score_models (model, version, bounds) VALUES (
    'rfm', 1,
    '{"recency_days": [30, 90, 180, 365],
      "frequency": [1, 2, 4, 8],
      "monetary": {"*": ["50", "200", "1000", "10000"], "JPY": ["7500", "30000", "150000", "1500000"]}}'
);
