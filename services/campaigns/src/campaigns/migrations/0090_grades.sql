-- The grade that contacts gives the customer: segments may ask for it.
ALTER TABLE customers ADD COLUMN grade text;
