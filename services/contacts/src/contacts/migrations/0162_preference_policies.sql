-- How sure a response or a survey makes us of a preference; the highest version rules, old ones stay
-- for audit. Below 1, which is what somebody says of themselves; of other sources nothing is learned.
CREATE TABLE preference_policies (
    policy_version integer NOT NULL,
    source text NOT NULL,
    confidence double precision NOT NULL CONSTRAINT preference_policies_confidence_check
        CHECK (confidence > 0 AND confidence < 1),
    CONSTRAINT preference_policies_pkey PRIMARY KEY (policy_version, source)
);
INSERT INTO preference_policies VALUES
    (1, 'response:click', 0.3),
    (1, 'response:form', 0.6),
    (1, 'response:reply', 0.6),
    (1, 'response:call', 0.6),
    (1, 'survey:nps', 0.8),
    (1, 'survey:csat', 0.8);
