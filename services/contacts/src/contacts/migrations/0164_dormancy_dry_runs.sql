-- What rules would do to the whole base; `after_id` is the checkpoint, moved by the transaction that
-- did the page.
CREATE TABLE dormancy_dry_runs (
    run_id uuid NOT NULL CONSTRAINT dormancy_dry_runs_pkey PRIMARY KEY,
    rules jsonb NOT NULL,
    status text NOT NULL CONSTRAINT dormancy_dry_runs_status_check
        CHECK (status IN ('running', 'completed')),
    after_id uuid,
    customers_done bigint NOT NULL,
    moves jsonb NOT NULL,
    samples jsonb NOT NULL,
    started_by text NOT NULL,
    started_at timestamptz NOT NULL,
    touched_at timestamptz NOT NULL,
    completed_at timestamptz
);
CREATE INDEX dormancy_dry_runs_waiting_idx ON dormancy_dry_runs (touched_at)
    WHERE status = 'running';
