-- The audience: copies of what other services own, each row guarded by its aggregate's version.
-- No foreign keys: facts of different topics arrive in any order.
CREATE TABLE people (
    contact_id uuid CONSTRAINT people_pkey PRIMARY KEY,
    version bigint NOT NULL,
    given_name text,
    family_name text,
    salutation text,
    language text,
    email text,
    subject_hash text
);

CREATE TABLE memberships (
    contact_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    is_primary boolean NOT NULL,
    CONSTRAINT memberships_pkey PRIMARY KEY (contact_id, customer_id)
);
CREATE INDEX memberships_customer_id_idx ON memberships (customer_id);

CREATE TABLE customers (
    customer_id uuid CONSTRAINT customers_pkey PRIMARY KEY,
    version bigint NOT NULL,
    kind text NOT NULL,
    lifecycle text NOT NULL,
    region text,
    industry text,
    tags text[] NOT NULL
);

CREATE TABLE orders (
    order_id uuid CONSTRAINT orders_pkey PRIMARY KEY,
    version bigint NOT NULL,
    customer_id uuid NOT NULL,
    total numeric NOT NULL,
    currency text NOT NULL,
    is_cancelled boolean NOT NULL
);
CREATE INDEX orders_customer_id_idx ON orders (customer_id);

CREATE TABLE tickets (
    ticket_id uuid CONSTRAINT tickets_pkey PRIMARY KEY,
    version bigint NOT NULL,
    customer_id uuid NOT NULL,
    severity smallint NOT NULL,
    is_open boolean NOT NULL,
    ended_at timestamptz
);
CREATE INDEX tickets_customer_id_idx ON tickets (customer_id) WHERE severity <= 2;

CREATE TABLE won_deals (
    deal_id uuid CONSTRAINT won_deals_pkey PRIMARY KEY,
    version bigint NOT NULL,
    customer_id uuid NOT NULL,
    product_lines text[] NOT NULL,
    is_won boolean NOT NULL,
    won_at timestamptz NOT NULL
);
CREATE INDEX won_deals_customer_id_idx ON won_deals (customer_id) WHERE is_won;

-- Permissions: what the send gate reads first.
CREATE TABLE consents (
    contact_id uuid NOT NULL,
    channel text NOT NULL,
    purpose text NOT NULL,
    version bigint NOT NULL,
    status text NOT NULL CHECK (status IN ('granted', 'denied', 'withdrawn')),
    expires_at timestamptz,
    CONSTRAINT consents_pkey PRIMARY KEY (contact_id, channel, purpose)
);

CREATE TABLE suppressions (
    suppression_id uuid CONSTRAINT suppressions_pkey PRIMARY KEY,
    version bigint NOT NULL,
    subject_hash text NOT NULL,
    channel text NOT NULL,
    scope text NOT NULL,
    is_active boolean NOT NULL
);
CREATE INDEX suppressions_subject_hash_idx ON suppressions (subject_hash, channel) WHERE is_active;

-- An opt-out through a message's own link: in force at once, before contacts has heard of it.
CREATE TABLE opt_outs (
    contact_id uuid NOT NULL,
    channel text NOT NULL,
    subject_hash text NOT NULL,
    opted_out_at timestamptz NOT NULL,
    CONSTRAINT opt_outs_pkey PRIMARY KEY (contact_id, channel)
);
CREATE INDEX opt_outs_subject_hash_idx ON opt_outs (subject_hash);

-- How often and when people may be addressed; the highest version rules, old ones stay for audit.
CREATE TABLE contact_policies (
    policy_version integer CONSTRAINT contact_policies_pkey PRIMARY KEY,
    promotional_cap integer NOT NULL,
    cap_window interval NOT NULL,
    critical_severity smallint NOT NULL,
    release_delay interval NOT NULL,
    nurture_pause interval NOT NULL,
    attribution_window interval NOT NULL,
    response_scores jsonb NOT NULL
);
INSERT INTO contact_policies VALUES (
    1, 3, interval '7 days', 2, interval '0', interval '365 days', interval '180 days',
    '{"click": 5, "form:contact-request": 30, "form:download": 15, "form:newsletter": 10}'
);

CREATE TABLE forms (
    form_id text NOT NULL,
    form_version integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('contact-request', 'newsletter', 'download')),
    title text NOT NULL,
    consents jsonb NOT NULL,
    campaign_id uuid,
    product_interests text[] NOT NULL,
    published_at timestamptz NOT NULL,
    CONSTRAINT forms_pkey PRIMARY KEY (form_id, form_version)
);

CREATE TABLE submissions (
    submission_id uuid CONSTRAINT submissions_pkey PRIMARY KEY,
    form_id text NOT NULL,
    form_version integer NOT NULL,
    fields jsonb NOT NULL,
    ip_hash text,
    submitted_at timestamptz NOT NULL,
    CONSTRAINT submissions_form_fkey FOREIGN KEY (form_id, form_version)
        REFERENCES forms (form_id, form_version)
);

CREATE TABLE responses (
    response_id uuid CONSTRAINT responses_pkey PRIMARY KEY,
    campaign_id uuid,
    contact_id uuid,
    customer_id uuid,
    submission_id uuid,
    kind text NOT NULL,
    score_delta integer NOT NULL,
    occurred_at timestamptz NOT NULL
);

-- `evaluated_to` is how far the first evaluation over the whole base has come.
CREATE TABLE segments (
    segment_id uuid CONSTRAINT segments_pkey PRIMARY KEY,
    version bigint NOT NULL,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('static', 'dynamic')),
    rule jsonb,
    depends_on text[] NOT NULL,
    is_evaluated boolean NOT NULL,
    evaluated_to uuid
);

CREATE TABLE segment_members (
    segment_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    member_id uuid NOT NULL,
    version bigint NOT NULL,
    customer_id uuid,
    is_in boolean NOT NULL,
    entered_at timestamptz NOT NULL,
    CONSTRAINT segment_members_pkey PRIMARY KEY (segment_id, contact_id)
);
CREATE INDEX segment_members_contact_id_idx ON segment_members (contact_id) WHERE is_in;

-- `reserved_to` is how far the reservation of messages has come since the launch.
CREATE TABLE campaigns (
    campaign_id uuid CONSTRAINT campaigns_pkey PRIMARY KEY,
    version bigint NOT NULL,
    name text NOT NULL,
    campaign_type text NOT NULL,
    objective text NOT NULL,
    purpose text NOT NULL,
    segment_ids uuid[] NOT NULL,
    subject text NOT NULL,
    body_text text NOT NULL,
    link_url text,
    product_lines text[] NOT NULL,
    owner_id text NOT NULL,
    status text NOT NULL CHECK (status IN ('planned', 'running', 'completed')),
    audience_size integer,
    launched_at timestamptz,
    completed_at timestamptz,
    is_reserved boolean NOT NULL DEFAULT false,
    reserved_to uuid,
    cause jsonb
);
CREATE INDEX campaigns_reserving_idx ON campaigns (campaign_id)
    WHERE status = 'running' AND NOT is_reserved;

CREATE TABLE messages (
    message_id uuid CONSTRAINT messages_pkey PRIMARY KEY,
    send_id text NOT NULL CONSTRAINT messages_send_id_key UNIQUE,
    campaign_id uuid NOT NULL CONSTRAINT messages_campaign_fkey REFERENCES campaigns (campaign_id),
    contact_id uuid NOT NULL,
    customer_id uuid,
    version bigint NOT NULL DEFAULT 0,
    status text NOT NULL DEFAULT 'reserved' CHECK (status IN
        ('reserved', 'held', 'handing-over', 'sent', 'suppressed', 'failed')),
    reason_code text,
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    handed_over_at timestamptz,
    sent_at timestamptz,
    smtp_code integer,
    subject_hash text,
    clicked_links text[] NOT NULL DEFAULT '{}',
    clicked_at timestamptz,
    unsubscribed_at timestamptz
);
CREATE INDEX messages_due_idx ON messages (next_attempt_at) WHERE status = 'reserved';
CREATE INDEX messages_held_idx ON messages (contact_id) WHERE status = 'held';
CREATE INDEX messages_handing_over_idx ON messages (handed_over_at) WHERE status = 'handing-over';
CREATE INDEX messages_contact_id_idx ON messages (contact_id, message_id);
CREATE INDEX messages_campaign_id_idx ON messages (campaign_id, message_id);
CREATE INDEX messages_customer_id_idx ON messages (customer_id) WHERE sent_at IS NOT NULL;

CREATE TABLE attributions (
    deal_id uuid CONSTRAINT attributions_pkey PRIMARY KEY,
    version bigint NOT NULL,
    deal_version bigint NOT NULL,
    customer_id uuid NOT NULL,
    currency text NOT NULL,
    amount numeric NOT NULL,
    touch_count integer NOT NULL,
    computed_at timestamptz NOT NULL
);
