-- People who were merged have several addresses, and each may opt out: each is told of.
ALTER TABLE opt_outs
    DROP CONSTRAINT opt_outs_pkey,
    ADD CONSTRAINT opt_outs_pkey PRIMARY KEY (contact_id, channel, subject_hash);
