-- Calendars, service levels, agents, tickets with their messages, SLA clocks, surveys.

-- Every version of a calendar stays: clocks that were started on it keep it.
CREATE TABLE calendars (
    calendar_id uuid NOT NULL,
    version integer NOT NULL,
    name text NOT NULL,
    timezone text NOT NULL,
    weekly jsonb NOT NULL,
    holidays date[] NOT NULL,
    published_at timestamptz NOT NULL,
    CONSTRAINT calendars_pkey PRIMARY KEY (calendar_id, version)
);

-- Every version of a service level stays, for the same reason.
CREATE TABLE sla_policies (
    policy_id uuid NOT NULL,
    version integer NOT NULL,
    name text NOT NULL,
    calendar_id uuid NOT NULL,
    targets jsonb NOT NULL,
    warn_percents integer[] NOT NULL,
    auto_close_days integer NOT NULL,
    published_at timestamptz NOT NULL,
    CONSTRAINT sla_policies_pkey PRIMARY KEY (policy_id, version)
);

CREATE TABLE agents (
    agent_id text NOT NULL,
    capacity integer NOT NULL,
    is_active boolean NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT agents_pkey PRIMARY KEY (agent_id)
);

CREATE SEQUENCE ticket_numbers AS bigint;

CREATE TABLE tickets (
    ticket_id uuid NOT NULL,
    number text NOT NULL,
    customer_id uuid NOT NULL,
    contact_id uuid,
    channel text NOT NULL,
    ticket_type text NOT NULL,
    subject text NOT NULL,
    category text,
    product_id text,
    severity smallint NOT NULL,
    status text NOT NULL,
    agent_id text,
    sla_policy_id uuid NOT NULL,
    sla_policy_version integer NOT NULL,
    auto_close_days integer NOT NULL,
    source text NOT NULL,
    source_id uuid,
    reopen_count integer NOT NULL,
    received_at timestamptz NOT NULL,
    first_responded_at timestamptz,
    resolved_at timestamptz,
    closed_at timestamptz,
    auto_close_at timestamptz,
    resolution_code text,
    root_cause text,
    user_error boolean NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT tickets_pkey PRIMARY KEY (ticket_id),
    CONSTRAINT tickets_number_key UNIQUE (number),
    CONSTRAINT tickets_severity_check CHECK (severity BETWEEN 1 AND 4),
    CONSTRAINT tickets_status_check CHECK (status IN (
        'new', 'open', 'in-progress', 'waiting-customer', 'waiting-third-party',
        'resolved', 'reopened', 'closed', 'cancelled'
    ))
);
CREATE INDEX tickets_customer_idx ON tickets (customer_id, ticket_id);
CREATE INDEX tickets_source_idx ON tickets (source_id, ticket_id) WHERE source_id IS NOT NULL;
CREATE INDEX tickets_agent_idx ON tickets (agent_id, ticket_id) WHERE agent_id IS NOT NULL;
CREATE INDEX tickets_status_idx ON tickets (status, ticket_id);
CREATE INDEX tickets_auto_close_idx ON tickets (auto_close_at) WHERE auto_close_at IS NOT NULL;

-- What was written on a ticket; the text is nowhere else.
CREATE TABLE ticket_messages (
    message_id uuid NOT NULL,
    ticket_id uuid NOT NULL,
    direction text NOT NULL,
    channel text NOT NULL,
    body text NOT NULL,
    author text NOT NULL,
    occurred_at timestamptz NOT NULL,
    CONSTRAINT ticket_messages_pkey PRIMARY KEY (message_id),
    CONSTRAINT ticket_messages_ticket_fkey FOREIGN KEY (ticket_id) REFERENCES tickets,
    CONSTRAINT ticket_messages_direction_check
        CHECK (direction IN ('inbound', 'outbound', 'internal'))
);
CREATE INDEX ticket_messages_ticket_idx ON ticket_messages (ticket_id, occurred_at, message_id);

-- One promise per ticket and metric. `used` is the working time before `running_since`.
CREATE TABLE clocks (
    clock_id uuid NOT NULL,
    ticket_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    metric text NOT NULL,
    status text NOT NULL,
    severity smallint NOT NULL,
    target_minutes integer NOT NULL,
    calendar_id uuid NOT NULL,
    calendar_version integer NOT NULL,
    policy_id uuid NOT NULL,
    policy_version integer NOT NULL,
    started_at timestamptz NOT NULL,
    running_since timestamptz NOT NULL,
    used interval NOT NULL,
    due_at timestamptz NOT NULL,
    warned_percent integer NOT NULL,
    breached_at timestamptz,
    ended_at timestamptz,
    version bigint NOT NULL,
    CONSTRAINT clocks_pkey PRIMARY KEY (clock_id),
    CONSTRAINT clocks_metric_key UNIQUE (ticket_id, metric),
    CONSTRAINT clocks_calendar_fkey FOREIGN KEY (calendar_id, calendar_version)
        REFERENCES calendars (calendar_id, version),
    CONSTRAINT clocks_policy_fkey FOREIGN KEY (policy_id, policy_version)
        REFERENCES sla_policies (policy_id, version),
    CONSTRAINT clocks_metric_check CHECK (metric IN ('first-response', 'resolution')),
    CONSTRAINT clocks_status_check CHECK (status IN (
        'running', 'paused', 'met', 'breached', 'met-late', 'cancelled'
    ))
);

-- The next moment at which a running clock has something to say.
CREATE TABLE clock_timers (
    clock_id uuid NOT NULL,
    kind text NOT NULL,
    due_at timestamptz NOT NULL,
    CONSTRAINT clock_timers_pkey PRIMARY KEY (clock_id)
);
CREATE INDEX clock_timers_due_idx ON clock_timers (due_at);

CREATE TABLE surveys (
    survey_id uuid NOT NULL,
    kind text NOT NULL,
    customer_id uuid NOT NULL,
    contact_id uuid,
    ticket_id uuid,
    agent_id text,
    status text NOT NULL,
    score smallint,
    comment text,
    sent_at timestamptz NOT NULL,
    answered_at timestamptz,
    version bigint NOT NULL,
    CONSTRAINT surveys_pkey PRIMARY KEY (survey_id),
    CONSTRAINT surveys_kind_check CHECK (kind IN ('csat', 'ces', 'nps')),
    CONSTRAINT surveys_status_check CHECK (status IN ('sent', 'answered'))
);
CREATE INDEX surveys_contact_idx ON surveys (contact_id, sent_at) WHERE contact_id IS NOT NULL;
CREATE INDEX surveys_ticket_idx ON surveys (ticket_id, survey_id) WHERE ticket_id IS NOT NULL;
CREATE INDEX surveys_customer_idx ON surveys (customer_id, survey_id);
