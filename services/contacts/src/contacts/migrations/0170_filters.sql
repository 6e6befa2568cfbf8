-- What lists are filtered on, as few indexes as will do: each costs every row of an import.
-- The pattern operators serve equality as well, so that the index on names serves prefixes, too;
-- of an expression PostgreSQL knows nothing without statistics of its own.
DROP INDEX customers_name_idx;
CREATE INDEX customers_name_idx ON customers (lower(display_name) text_pattern_ops)
    WHERE record_status = 'active';
CREATE STATISTICS customers_names ON lower(display_name) FROM customers;
CREATE INDEX customers_region_idx ON customers (region, customer_id) WHERE region IS NOT NULL;
CREATE INDEX customers_industry_idx ON customers (industry, customer_id)
    WHERE industry IS NOT NULL;
CREATE INDEX customers_source_idx ON customers (source, customer_id);
CREATE INDEX customers_tags_idx ON customers USING gin (tags) WHERE tags <> '{}';
CREATE INDEX customer_grades_grade_idx ON customer_grades (grade, customer_id);
CREATE INDEX people_name_idx
    ON people (lower(coalesce(family_name, given_name)) text_pattern_ops)
    WHERE record_status = 'active';

CREATE STATISTICS people_names ON lower(coalesce(family_name, given_name)) FROM people;

-- Rows come in the order of these times: a summary of each range of pages is enough, and costs
-- next to nothing.
CREATE INDEX customers_created_idx ON customers USING brin (created_at) WITH (autosummarize = on);
CREATE INDEX people_created_idx ON people USING brin (created_at) WITH (autosummarize = on);
CREATE INDEX record_changes_changed_idx ON record_changes USING brin (changed_at)
    WITH (autosummarize = on);

CREATE INDEX interactions_kind_idx
    ON interactions (kind, occurred_at DESC, interaction_id DESC);
CREATE INDEX interactions_actor_idx
    ON interactions (actor_id, occurred_at DESC, interaction_id DESC) WHERE actor_id IS NOT NULL;
CREATE INDEX suppressions_reason_idx ON suppressions (reason_code, suppression_id);
CREATE INDEX imports_started_idx ON imports (started_at DESC, import_id DESC);
CREATE INDEX duplicate_scans_started_idx ON duplicate_scans (started_at DESC, scan_id DESC);
