-- A campaign with an occasion writes to each when theirs comes, as long as it runs.
ALTER TABLE campaigns ADD COLUMN occasion text;
CREATE INDEX campaigns_occasion_idx ON campaigns (occasion) WHERE status = 'running';

-- Nobody gets the mail of such a campaign a second time within so long.
ALTER TABLE contact_policies ADD COLUMN occasion_pause interval NOT NULL DEFAULT '90 days';

-- Where each customer stands, as contacts said last.
CREATE TABLE lifecycles (
    customer_id uuid CONSTRAINT lifecycles_pkey PRIMARY KEY,
    version bigint NOT NULL,
    lifecycle text NOT NULL
);
