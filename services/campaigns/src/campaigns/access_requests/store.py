"""What campaigns holds of a person: copies, forms, responses, messages, segments, and every no."""

SECTIONS = {
    "person": """
        SELECT contact_id, given_name, family_name, salutation, language, email
        FROM people WHERE contact_id = ANY($1) ORDER BY contact_id""",
    "key_dates": """
        SELECT kind, month_day FROM key_dates WHERE contact_id = ANY($1)
        ORDER BY contact_id, kind""",
    "form_submissions": """
        SELECT s.submission_id, s.form_id, f.title, s.fields, s.submitted_at
        FROM submissions AS s JOIN forms AS f USING (form_id, form_version)
        WHERE s.submission_id = ANY($4) OR lower(s.fields ->> 'email') IN (
            SELECT p.email FROM people AS p WHERE p.contact_id = ANY($1) AND NOT EXISTS (
                SELECT FROM people AS o WHERE o.email = p.email AND NOT o.contact_id = ANY($1)))
        ORDER BY s.submitted_at, s.submission_id""",
    "responses": """
        SELECT r.kind, c.name AS campaign, r.score_delta, r.occurred_at
        FROM responses AS r LEFT JOIN campaigns AS c USING (campaign_id)
        WHERE r.contact_id = ANY($1) OR r.submission_id = ANY($4)
        ORDER BY r.occurred_at, r.response_id""",
    "messages": """
        SELECT c.name AS campaign, c.purpose, c.subject, m.status, m.reason_code, m.sent_at,
            m.clicked_links, m.clicked_at, m.unsubscribed_at
        FROM messages AS m JOIN campaigns AS c USING (campaign_id)
        WHERE m.contact_id = ANY($1) ORDER BY m.message_id""",
    "segments": """
        SELECT s.name AS segment, m.is_in, m.entered_at
        FROM segment_members AS m JOIN segments AS s USING (segment_id)
        WHERE m.contact_id = ANY($1) ORDER BY m.entered_at, m.member_id""",
    "consents": """
        SELECT channel, purpose, status, effective_from, expires_at
        FROM consents WHERE contact_id = ANY($1) ORDER BY channel, purpose""",
    "confirmations": """
        SELECT channel, purpose, status, reason_code, sent_at, confirmed_at, expires_at
        FROM confirmations WHERE contact_id = ANY($1) ORDER BY expires_at, token_id""",
    "talks": """
        SELECT kind, direction, department, occurred_at FROM talks
        WHERE contact_ids && $1 ORDER BY occurred_at, interaction_id""",
    "opt_outs": """
        SELECT channel, opted_out_at FROM opt_outs
        WHERE contact_id = ANY($1) ORDER BY opted_out_at""",
}
"""An address that somebody else has, too, tells nothing: whose form it was is not known."""
