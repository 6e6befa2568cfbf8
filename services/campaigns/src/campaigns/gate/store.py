"""SQL of the send gate: all that decides, read in the transaction that hands over."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from shared.aliases import ids_of_many
from shared.db import Connection

from campaigns.gate.domain import GateFacts
from campaigns.policies.domain import Policy

_GATE = """
WITH whoever AS (
    SELECT contact_id, array_agg(id) AS ids
    FROM unnest($10::uuid[], $11::uuid[]) AS named (contact_id, id) GROUP BY contact_id
)
SELECT m.message_id, c.purpose, c.objective, c.subject, c.body_text, c.link_url, c.cause,
    p.email, p.subject_hash, p.given_name, p.family_name, p.salutation,
    EXISTS (
        SELECT FROM restrictions AS r WHERE r.contact_id = m.contact_id
    ) AS is_restricted,
    EXISTS (
        SELECT FROM opt_outs AS o WHERE o.contact_id = m.contact_id AND o.channel = 'email'
    ) AS has_opted_out,
    EXISTS (
        SELECT FROM suppressions AS s WHERE s.subject_hash = p.subject_hash
            AND s.channel = 'email' AND s.is_active AND s.scope IN ('all', c.purpose)
    ) AS is_suppressed,
    EXISTS (
        SELECT FROM consents AS g WHERE g.contact_id = m.contact_id AND g.channel = 'email'
            AND g.purpose = c.purpose AND g.status = 'granted'
            AND (g.expires_at IS NULL OR g.expires_at > $2)
            AND (g.effective_from IS NULL OR g.effective_from <= $2)
    ) AS has_consent,
    (
        SELECT count(*) FROM messages AS n JOIN campaigns AS d USING (campaign_id)
        WHERE n.contact_id = ANY(w.ids) AND d.purpose <> 'service'
            AND n.handed_over_at > $2::timestamptz - $3::interval
            AND (n.status IN ('sent', 'handing-over')
                OR n.status = 'failed' AND n.reason_code = 'unknown')
    ) AS promotions,
    EXISTS (
        SELECT FROM messages AS n
        WHERE n.campaign_id = m.campaign_id AND n.step = m.step AND n.contact_id = ANY(w.ids)
            AND n.message_id <> m.message_id AND (n.status IN ('sent', 'handing-over')
                OR n.status = 'failed' AND n.reason_code = 'unknown')
    ) AS has_it,
    CASE
        WHEN c.occasion = 'customer-dormant' THEN NOT EXISTS (
            SELECT FROM lifecycles AS l WHERE l.lifecycle = 'dormant' AND l.customer_id = coalesce((
                SELECT a.into_id FROM aliases AS a
                WHERE a.old_id = m.customer_id AND a.ended_at IS NULL
                ORDER BY a.merged_at DESC LIMIT 1), m.customer_id))
        WHEN m.step LIKE c.occasion || ':____-__-__'
            THEN right(m.step, 10)::date < ($2::timestamptz AT TIME ZONE 'UTC')::date - 1
        ELSE false
    END AS is_over,
    (
        SELECT t.ticket_id FROM memberships AS s JOIN tickets AS t USING (customer_id)
        WHERE s.contact_id = m.contact_id AND t.severity <= $4
            AND (t.is_open OR t.ended_at > $2::timestamptz - $5::interval)
        ORDER BY t.is_open DESC, t.ticket_id LIMIT 1
    ) AS critical_ticket_id,
    EXISTS (
        SELECT FROM memberships AS s JOIN won_deals AS v USING (customer_id)
        WHERE s.contact_id = m.contact_id AND v.is_won AND v.won_at > $2::timestamptz - $6::interval
            AND (v.product_lines = '{}' OR c.product_lines = '{}'
                OR v.product_lines && c.product_lines)
    ) AS has_won_deal,
    EXISTS (
        SELECT FROM talks AS t
        WHERE $7::interval > '0' AND t.contact_ids && w.ids
            AND t.occurred_at > $2::timestamptz - $7::interval AND t.occurred_at <= $2
            AND t.direction <> 'internal' AND t.kind = ANY($8::text[])
            AND (t.department IS NULL OR t.department <> ALL($9::text[]))
    ) AS was_spoken_to
FROM messages AS m JOIN campaigns AS c USING (campaign_id)
JOIN whoever AS w USING (contact_id)
LEFT JOIN people AS p ON p.contact_id = m.contact_id
WHERE m.message_id = ANY($1::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """What a message says and to whom, read with the gate's facts."""

    email: str | None
    subject_hash: str | None
    given_name: str | None
    family_name: str | None
    salutation: str | None
    purpose: str
    subject: str
    body_text: str
    link_url: str | None
    launch: Mapping[str, str]


async def load_gate_facts(
    connection: Connection, recipients: Mapping[UUID, UUID], policy: Policy, now: datetime
) -> dict[UUID, tuple[GateFacts, Letter]]:
    """All that decides about these messages, each with whom it is for, and what they say.

    What somebody has had, they have had by every id that means them.
    """
    ids = await ids_of_many(connection, set(recipients.values()))
    named = [(contact_id, id_) for contact_id, every in ids.items() for id_ in every]
    rows = await connection.fetch(
        _GATE,
        list(recipients),
        now,
        policy.cap_window,
        policy.critical_severity,
        policy.release_delay,
        policy.nurture_pause,
        policy.talk_pause,
        policy.talk_kinds,
        policy.own_departments,
        [contact_id for contact_id, _ in named],
        [id_ for _, id_ in named],
    )
    return {row["message_id"]: (_gate_facts_of(row), _letter_of(row)) for row in rows}


def _gate_facts_of(row: asyncpg.Record) -> GateFacts:
    return GateFacts(
        purpose=row["purpose"],
        objective=row["objective"],
        has_opted_out=row["has_opted_out"],
        is_suppressed=row["is_suppressed"],
        has_consent=row["has_consent"],
        has_point=row["email"] is not None,
        promotions=row["promotions"],
        critical_ticket_id=row["critical_ticket_id"],
        has_won_deal=row["has_won_deal"],
        is_restricted=row["is_restricted"],
        was_spoken_to=row["was_spoken_to"],
        has_it=row["has_it"],
        is_over=row["is_over"],
    )


def _letter_of(row: asyncpg.Record) -> Letter:
    return Letter(
        email=row["email"],
        subject_hash=row["subject_hash"],
        given_name=row["given_name"],
        family_name=row["family_name"],
        salutation=row["salutation"],
        purpose=row["purpose"],
        subject=row["subject"],
        body_text=row["body_text"],
        link_url=row["link_url"],
        launch=json.loads(row["cause"] or "{}"),
    )
