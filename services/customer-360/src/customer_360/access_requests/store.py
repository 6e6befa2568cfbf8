"""What customer-360 holds of a person: the record, and what happened when."""

SECTIONS = {
    "person": """
        SELECT contact_id, full_name, salutation, job_title, department, language, timezone,
            points, postal_points, key_dates
        FROM contacts WHERE contact_id = ANY($1) ORDER BY contact_id""",
    "customer": """
        SELECT customer_id, display_name, legal_name, lifecycle, lifecycle_since, source, region,
            industry, tags, external_ids
        FROM customers WHERE customer_id = ANY($2) ORDER BY customer_id""",
    "timeline": """
        SELECT at, service, kind, item ->> 'title' AS title FROM timeline
        WHERE party_id = ANY($1 || $2 || $4 || ARRAY(
            SELECT lead_id FROM leads WHERE contact_id = ANY($1) OR customer_id = ANY($2)))
        ORDER BY at, event_id""",
}
