"""What pipeline holds of a person: leads, what raised their score, deals, promises, orders."""

SECTIONS = {
    "leads": """
        SELECT lead_id, name, company, email, phone, need, source, channel, product_interests,
            status, grade, fit, engagement, reason_code, received_at, first_responded_at
        FROM leads
        WHERE contact_id = ANY($1) OR customer_id = ANY($2) OR submission_id = ANY($4)
            OR contact_id IS NULL AND person_hash = ANY($3)
            OR lead_id IN (SELECT i.lead_id FROM lead_intakes AS i WHERE i.intake_id = ANY($4))
        ORDER BY received_at, lead_id""",
    "responses": """
        SELECT kind, score_delta, occurred_at FROM lead_responses
        WHERE contact_id = ANY($1) OR submission_id = ANY($4) ORDER BY occurred_at, response_id""",
    "deals": """
        SELECT deal_id, name, CASE WHEN primary_contact_id = ANY($1) THEN 'primary contact'
            ELSE 'customer' END AS role, stage_id AS stage, status, amount::text AS amount,
            currency, product_lines, expected_close_date, reason_code, opened_at, closed_at
        FROM deals WHERE primary_contact_id = ANY($1) OR customer_id = ANY($2)
        ORDER BY opened_at, deal_id""",
    "commitments": """
        SELECT commitment_id, kind, text, amount::text AS amount, currency, status, made_at, due_at,
            broken_at, closed_at
        FROM commitments
        WHERE contact_id = ANY($1) OR customer_id = ANY($2) OR contact_id IS NULL AND deal_id IN (
            SELECT d.deal_id FROM deals AS d WHERE d.primary_contact_id = ANY($1))
        ORDER BY made_at, commitment_id""",
    "orders": """
        SELECT order_id, external_system, external_ref, status, total::text AS total, currency,
            lines, ordered_at
        FROM orders WHERE customer_id = ANY($2) ORDER BY ordered_at, order_id""",
}
"""Of an organization's orders nothing is told: they are not the person's."""
