-- Who was in touch with whom lately, by department: what the gate asks, and no word of what was said.
CREATE TABLE talks (
    interaction_id uuid CONSTRAINT talks_pkey PRIMARY KEY,
    version bigint NOT NULL,
    contact_ids uuid[] NOT NULL,
    kind text NOT NULL,
    direction text NOT NULL,
    department text,
    occurred_at timestamptz NOT NULL
);
CREATE INDEX talks_contact_ids_idx ON talks USING gin (contact_ids);
CREATE INDEX talks_occurred_at_idx ON talks (occurred_at);

-- Whoever another department has spoken to gets no promotion for so long; 0: it makes no difference.
ALTER TABLE contact_policies
    ADD COLUMN talk_pause interval NOT NULL DEFAULT '0' CONSTRAINT contact_policies_talk_pause_check
        CHECK (talk_pause BETWEEN '0' AND '30 days'),
    ADD COLUMN talk_kinds text[] NOT NULL
        DEFAULT '{call,message,visit,meeting,demo,negotiation}',
    ADD COLUMN own_departments text[] NOT NULL DEFAULT '{marketing}';
