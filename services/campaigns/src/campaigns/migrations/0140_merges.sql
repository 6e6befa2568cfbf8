-- This service's part in merges: which id means which record now, what is to be re-pointed for it,
-- and what was, so that it can go back.
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

CREATE TABLE merge_parts (
    merge_id uuid NOT NULL CONSTRAINT merge_parts_pkey PRIMARY KEY,
    party text NOT NULL CONSTRAINT merge_parts_party_check CHECK (party IN ('customer', 'contact')),
    survivor_id uuid NOT NULL,
    merged_ids uuid[] NOT NULL,
    status text NOT NULL DEFAULT 'moving'
        CONSTRAINT merge_parts_status_check CHECK (status IN ('moving', 'moved', 'undoing', 'undone')),
    correlation_id text NOT NULL,
    traceparent text NOT NULL,
    causation_id text,
    merged_at timestamptz NOT NULL,
    noted_at timestamptz NOT NULL,
    swept_at timestamptz
);
CREATE INDEX merge_parts_waiting_idx ON merge_parts (merged_at)
    WHERE status IN ('moving', 'undoing');
CREATE INDEX merge_parts_swept_idx ON merge_parts (swept_at) WHERE status = 'moved';

CREATE TABLE merge_moves (
    merge_id uuid NOT NULL,
    kind text NOT NULL,
    thing_id uuid NOT NULL,
    from_id uuid NOT NULL,
    CONSTRAINT merge_moves_pkey PRIMARY KEY (merge_id, kind, thing_id)
);
CREATE INDEX merge_moves_thing_idx ON merge_moves (kind, thing_id);

-- Who was merged has left the list, and `stands_by` is who is in it for them; who is in it only for
-- others is in `by_merge`.
ALTER TABLE segment_members
    ADD COLUMN stands_by uuid,
    ADD COLUMN by_merge boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX segment_members_member_id_key ON segment_members (member_id);
CREATE INDEX segment_members_stands_by_idx ON segment_members (stands_by)
    WHERE stands_by IS NOT NULL;

-- Whoever was merged is in no dynamic segment.
ALTER TABLE people ADD COLUMN is_merged boolean NOT NULL DEFAULT false;
