-- The customer's grade with its explanation, and its credit, as the snapshot holds them.
ALTER TABLE customers ADD COLUMN grading jsonb;
ALTER TABLE customers ADD COLUMN credit jsonb;
