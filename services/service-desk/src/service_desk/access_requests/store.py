"""What the desk holds of a person: tickets, what was written on them, and surveys."""

SECTIONS = {
    "tickets": """
        SELECT number, channel, ticket_type, subject, category, product_id, severity, status,
            resolution_code, received_at, first_responded_at, resolved_at, closed_at
        FROM tickets WHERE contact_id = ANY($1) OR customer_id = ANY($2)
        ORDER BY received_at, ticket_id""",
    "messages": """
        SELECT t.number AS ticket, m.direction, m.channel, m.body,
            CASE WHEN m.direction = 'inbound' THEN m.author END AS author, m.occurred_at
        FROM tickets AS t JOIN ticket_messages AS m USING (ticket_id)
        WHERE t.contact_id = ANY($1) OR t.customer_id = ANY($2)
        ORDER BY m.occurred_at, m.message_id""",
    "surveys": """
        SELECT kind, status, score, comment, sent_at, answered_at FROM surveys
        WHERE contact_id = ANY($1) OR customer_id = ANY($2)
            OR ticket_id = ANY(ARRAY(SELECT ticket_id FROM tickets WHERE contact_id = ANY($1)))
        ORDER BY sent_at, survey_id""",
}
"""Who of us wrote an answer is not told: that is the employee's."""
