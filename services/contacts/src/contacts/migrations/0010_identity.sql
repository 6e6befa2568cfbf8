-- What tells parties apart, or shows that two records are one.
ALTER TABLE customers ADD COLUMN tax_id text;

-- Where people are reached by post; `normalized` is the whole address as it is compared.
CREATE TABLE postal_points (
    point_id uuid NOT NULL CONSTRAINT postal_points_pkey PRIMARY KEY,
    contact_id uuid NOT NULL,
    lines text[] NOT NULL,
    locality text,
    postal_code text,
    region text,
    country text,
    normalized text NOT NULL,
    is_primary boolean NOT NULL,
    status text NOT NULL CONSTRAINT postal_points_status_check
        CHECK (status IN ('active', 'invalid', 'retired'))
);
CREATE INDEX postal_points_contact_idx ON postal_points (contact_id);

-- Days that count for people; the year is not always known.
CREATE TABLE key_dates (
    contact_id uuid NOT NULL,
    kind text NOT NULL,
    month_day text NOT NULL,
    year integer,
    CONSTRAINT key_dates_pkey PRIMARY KEY (contact_id, kind)
);

-- Blocking keys: hashes of what two records share that may be one party. Written by whoever writes
-- the record; `match_keyings` says up to which version of the rules a whole base has its keys.
CREATE TABLE contact_match_keys (
    key bigint NOT NULL,
    entity_id uuid NOT NULL,
    CONSTRAINT contact_match_keys_pkey PRIMARY KEY (key, entity_id)
);
CREATE TABLE customer_match_keys (
    key bigint NOT NULL,
    entity_id uuid NOT NULL,
    CONSTRAINT customer_match_keys_pkey PRIMARY KEY (key, entity_id)
);
CREATE TABLE match_keyings (
    entity_type text NOT NULL CONSTRAINT match_keyings_pkey PRIMARY KEY,
    keys_version integer NOT NULL
);

-- Pairs that may be one party. A dismissed one stays, so that the pair is never suspected again.
CREATE TABLE duplicate_cases (
    case_id uuid NOT NULL CONSTRAINT duplicate_cases_pkey PRIMARY KEY,
    version bigint NOT NULL,
    entity_type text NOT NULL CONSTRAINT duplicate_cases_entity_check
        CHECK (entity_type IN ('customer', 'contact')),
    first_id uuid NOT NULL,
    second_id uuid NOT NULL,
    score double precision NOT NULL,
    matched_on text[] NOT NULL,
    suggested_survivor_id uuid NOT NULL,
    policy_version integer NOT NULL,
    found_by text NOT NULL,
    forced_for text,
    status text NOT NULL CONSTRAINT duplicate_cases_status_check
        CHECK (status IN ('open', 'dismissed', 'merged', 'auto-merged')),
    survivor_id uuid,
    detected_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by text,
    reason_code text
);
CREATE INDEX duplicate_cases_work_idx ON duplicate_cases (status, score DESC, case_id);
CREATE INDEX duplicate_cases_first_idx ON duplicate_cases (first_id);
CREATE INDEX duplicate_cases_second_idx ON duplicate_cases (second_id);

-- Scans of a whole base; `position` is the checkpoint, moved by the transaction that did the page.
CREATE TABLE duplicate_scans (
    scan_id uuid NOT NULL CONSTRAINT duplicate_scans_pkey PRIMARY KEY,
    entity_type text NOT NULL CONSTRAINT duplicate_scans_entity_check
        CHECK (entity_type IN ('customer', 'contact')),
    status text NOT NULL CONSTRAINT duplicate_scans_status_check
        CHECK (status IN ('keying', 'comparing', 'completed')),
    after_id uuid,
    slices_total integer NOT NULL,
    slices_done integer NOT NULL,
    records_keyed bigint NOT NULL,
    blocks bigint NOT NULL,
    blocks_too_large bigint NOT NULL,
    pairs_compared bigint NOT NULL,
    cases_opened bigint NOT NULL,
    started_by text NOT NULL,
    correlation_id text NOT NULL,
    traceparent text NOT NULL,
    started_at timestamptz NOT NULL,
    touched_at timestamptz NOT NULL,
    duration_ms bigint
);
CREATE INDEX duplicate_scans_waiting_idx ON duplicate_scans (touched_at)
    WHERE status IN ('keying', 'comparing');
