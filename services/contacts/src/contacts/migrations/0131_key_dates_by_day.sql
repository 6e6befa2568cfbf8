-- Whose day it is: read by day, not by person.
CREATE INDEX key_dates_day_idx ON key_dates (month_day, contact_id, kind);
