"""The tables of campaign touches; a message without a customer belongs to its person's."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from shared.db import Connection

from customer_360.guarded import GuardedTable
from customer_360.merged import RECORDS_OF_EACH
from customer_360.touches.fold import Campaign, Message, Response

CAMPAIGNS = GuardedTable("campaigns", Campaign)
MESSAGES = GuardedTable("messages", Message)
RESPONSES = GuardedTable("responses", Response)

_COUNTS = f"""
WITH RECURSIVE {RECORDS_OF_EACH}, people (owner_id, contact_id) AS (
    SELECT r.owner_id, c.contact_id
    FROM contacts AS c
    CROSS JOIN LATERAL jsonb_array_elements_text(c.customer_ids) AS member (customer_id)
    JOIN records AS r ON r.customer_id = member.customer_id::uuid
    WHERE c.customer_ids ?| ARRAY(SELECT customer_id::text FROM records)
    UNION
    SELECT p.owner_id, c.contact_id
    FROM people AS p JOIN contacts AS c ON c.merged_into = p.contact_id
), reached AS (
    SELECT r.owner_id, m.message_id, m.sent_at, m.clicked_at
    FROM records AS r JOIN messages AS m USING (customer_id)
    UNION
    SELECT p.owner_id, m.message_id, m.sent_at, m.clicked_at
    FROM people AS p JOIN messages AS m USING (contact_id)
    WHERE m.customer_id IS NULL
)
SELECT owner_id, count(sent_at) AS sent, count(clicked_at) AS clicked
FROM reached GROUP BY owner_id
"""


@dataclass(frozen=True, slots=True)
class MessageCount:
    """How many messages a customer's people got, and how many of these they clicked."""

    customer_id: UUID
    sent: int
    clicked: int


async def list_counts(connection: Connection, customer_ids: Collection[UUID]) -> list[MessageCount]:
    """The message counts of these customers; without a row where there is none."""
    records = await connection.fetch(_COUNTS, list(customer_ids))
    return [MessageCount(*record) for record in records]
