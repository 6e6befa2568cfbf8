-- The local copy of contacts' customers, as far as pipeline asks about them.
CREATE TABLE customers (
    customer_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    lifecycle text NOT NULL,
    owner_id text
);

-- How another system names a customer. A row without a customer is a name that an order asked for
-- and nobody bears yet: the row that orders and customers meet on, whoever comes first.
CREATE TABLE customer_refs (
    system text NOT NULL,
    ref text NOT NULL,
    customer_id uuid,
    CONSTRAINT customer_refs_pkey PRIMARY KEY (system, ref)
);
CREATE INDEX customer_refs_customer_idx ON customer_refs (customer_id);

-- The mirror of the ERP's orders.
CREATE TABLE orders (
    order_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    external_system text NOT NULL,
    external_ref text NOT NULL,
    customer_id uuid NOT NULL,
    revision bigint NOT NULL,
    status text NOT NULL CONSTRAINT orders_status_check CHECK (status IN
        ('confirmed', 'partially-delivered', 'delivered', 'invoiced', 'paid', 'cancelled')),
    lines jsonb NOT NULL,
    total numeric NOT NULL,
    currency text NOT NULL,
    ordered_at timestamptz NOT NULL
);
CREATE INDEX orders_customer_idx ON orders (customer_id, ordered_at, order_id);

-- The newest revision of each order whose customer nobody bears the name of yet.
CREATE TABLE waiting_orders (
    order_id uuid PRIMARY KEY,
    customer_system text NOT NULL,
    customer_ref text NOT NULL,
    revision bigint NOT NULL,
    body jsonb NOT NULL,
    event_id uuid NOT NULL,
    correlation_id text NOT NULL,
    waiting_since timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX waiting_orders_ref_idx ON waiting_orders (customer_system, customer_ref);

-- Published versions of pipelines: inserted, never changed.
CREATE TABLE pipeline_definitions (
    pipeline_id uuid NOT NULL,
    pipeline_version integer NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    stages jsonb NOT NULL,
    published_at timestamptz NOT NULL,
    CONSTRAINT pipeline_definitions_pkey PRIMARY KEY (pipeline_id, pipeline_version)
);

CREATE TABLE deals (
    deal_id uuid CONSTRAINT deals_pkey PRIMARY KEY,
    version bigint NOT NULL,
    customer_id uuid NOT NULL,
    name text NOT NULL,
    primary_contact_id uuid,
    pipeline_id uuid NOT NULL,
    pipeline_version integer NOT NULL,
    stage_id text NOT NULL,
    status text NOT NULL CONSTRAINT deals_status_check CHECK (status IN ('open', 'won', 'lost')),
    kind text NOT NULL,
    amount numeric NOT NULL,
    currency text NOT NULL,
    probability integer NOT NULL,
    expected_close_date date NOT NULL,
    push_count integer NOT NULL,
    owner_id text NOT NULL,
    source text NOT NULL,
    lead_id uuid,
    campaign_id uuid,
    product_lines text[] NOT NULL,
    risks jsonb NOT NULL,
    reason_code text,
    competitor text,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz
);
CREATE INDEX deals_open_idx ON deals (customer_id) WHERE status = 'open';
CREATE INDEX deals_customer_idx ON deals (customer_id, opened_at, deal_id);
CREATE INDEX deals_owner_idx ON deals (owner_id, opened_at, deal_id);
CREATE INDEX deals_opened_idx ON deals (opened_at, deal_id);

-- What pipeline knows of service-desk's tickets. A breach may be heard of before its ticket.
CREATE TABLE tickets (
    ticket_id uuid PRIMARY KEY,
    customer_id uuid NOT NULL,
    severity integer,
    is_open boolean NOT NULL,
    is_breached boolean NOT NULL
);
CREATE INDEX tickets_open_idx ON tickets (customer_id) WHERE is_open;

CREATE TABLE leads (
    lead_id uuid CONSTRAINT leads_pkey PRIMARY KEY,
    version bigint NOT NULL,
    status text NOT NULL CONSTRAINT leads_status_check CHECK (status IN
        ('new', 'assigned', 'contacted', 'qualified', 'disqualified', 'converted')),
    name text,
    company text,
    email text,
    phone text,
    need text,
    source text NOT NULL,
    channel text NOT NULL,
    product_interests text[] NOT NULL,
    campaign_id uuid,
    submission_id uuid,
    person_hash text,
    owner_id text,
    fit integer NOT NULL,
    engagement integer NOT NULL,
    grade text NOT NULL CONSTRAINT leads_grade_check CHECK (grade IN ('A', 'B', 'C', 'D')),
    reason_code text,
    customer_id uuid,
    contact_id uuid,
    deal_id uuid,
    received_at timestamptz NOT NULL,
    response_due_at timestamptz NOT NULL,
    first_responded_at timestamptz
);
CREATE INDEX leads_person_idx ON leads (person_hash, received_at)
    WHERE status NOT IN ('disqualified', 'converted');
CREATE INDEX leads_contact_idx ON leads (contact_id, received_at)
    WHERE status NOT IN ('disqualified', 'converted');
CREATE INDEX leads_received_idx ON leads (received_at, lead_id);
CREATE INDEX leads_owner_idx ON leads (owner_id, received_at, lead_id);

-- What came in, and the lead that it became or was added to.
CREATE TABLE lead_intakes (
    intake_id uuid PRIMARY KEY,
    lead_id uuid NOT NULL,
    received_at timestamptz NOT NULL
);

-- Responses that count towards a score, each once; without a lead they wait for it.
CREATE TABLE lead_responses (
    response_id uuid PRIMARY KEY,
    lead_id uuid,
    submission_id uuid,
    contact_id uuid,
    score_delta integer NOT NULL,
    kind text NOT NULL,
    occurred_at timestamptz NOT NULL
);
CREATE INDEX lead_responses_submission_idx ON lead_responses (submission_id)
    WHERE lead_id IS NULL;
CREATE INDEX lead_responses_contact_idx ON lead_responses (contact_id) WHERE lead_id IS NULL;
CREATE INDEX lead_responses_waiting_idx ON lead_responses (occurred_at) WHERE lead_id IS NULL;

-- Who a submission is from, heard of before its lead.
CREATE TABLE waiting_identities (
    submission_id uuid PRIMARY KEY,
    contact_id uuid NOT NULL,
    customer_id uuid,
    linked_at timestamptz NOT NULL DEFAULT now()
);
