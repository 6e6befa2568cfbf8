"""The tables of campaign touches; a message without a customer belongs to its person's."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from shared.db import Connection

from customer_360.guarded import GuardedTable
from customer_360.touches.fold import Campaign, Message, Response

CAMPAIGNS = GuardedTable("campaigns", Campaign)
MESSAGES = GuardedTable("messages", Message)
RESPONSES = GuardedTable("responses", Response)

_COUNTS = """
WITH reached AS (
    SELECT customer_id, message_id, sent_at, clicked_at
    FROM messages
    WHERE customer_id = ANY($1::uuid[])
    UNION
    SELECT member.customer_id::uuid, messages.message_id, messages.sent_at, messages.clicked_at
    FROM contacts
    CROSS JOIN LATERAL jsonb_array_elements_text(contacts.customer_ids) AS member (customer_id)
    JOIN messages ON messages.contact_id = contacts.contact_id AND messages.customer_id IS NULL
    WHERE contacts.customer_ids ?| $2::text[] AND member.customer_id = ANY($2::text[])
)
SELECT customer_id, count(sent_at) AS sent, count(clicked_at) AS clicked
FROM reached GROUP BY customer_id
"""


@dataclass(frozen=True, slots=True)
class MessageCount:
    """How many messages a customer's people got, and how many of these they clicked."""

    customer_id: UUID
    sent: int
    clicked: int


async def list_counts(connection: Connection, customer_ids: Collection[UUID]) -> list[MessageCount]:
    """The message counts of these customers; without a row where there is none."""
    records = await connection.fetch(
        _COUNTS, list(customer_ids), [str(one) for one in customer_ids]
    )
    return [MessageCount(*record) for record in records]
