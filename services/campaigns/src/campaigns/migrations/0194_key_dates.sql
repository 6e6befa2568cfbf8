-- The days on which people may be greeted, MM-DD each; no year is kept here.
CREATE TABLE key_dates (
    contact_id uuid NOT NULL,
    kind text NOT NULL,
    month_day text NOT NULL,
    CONSTRAINT key_dates_pkey PRIMARY KEY (contact_id, kind)
);
CREATE INDEX key_dates_day_idx ON key_dates (month_day, kind, contact_id);
