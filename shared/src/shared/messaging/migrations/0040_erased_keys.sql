-- Keys of compacted topics that were erased. Nothing of them is applied any more, however late or
-- often it comes again; so they are kept for ever. An id tells nobody who it was.
CREATE TABLE erased_keys (
    topic text NOT NULL,
    key text NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT erased_keys_pkey PRIMARY KEY (topic, key)
);
