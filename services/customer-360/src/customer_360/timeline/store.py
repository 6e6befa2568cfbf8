"""The timeline's table: inserted once per fact, read by parties from the newest down."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.db import Connection

from customer_360.merged import PEOPLE, RECORDS, SURVIVORS, with_survivors
from customer_360.profiles.store import TOUCH, touch
from customer_360.timeline.items import Item

_INSERT_AND_TOUCH = f"""
WITH RECURSIVE added AS (
    INSERT INTO timeline (party_id, at, event_id, kind, service, item)
    SELECT party_id, at, event_id, kind, service,
        jsonb_build_object('title', title, 'actor', actor, 'ref', ref)
    FROM unnest(
        $1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::text[],
        $6::text[], $7::text[], $8::text[]
    ) AS item (party_id, at, event_id, kind, service, title, actor, ref)
    ON CONFLICT DO NOTHING
    RETURNING party_id
), touched AS (
    SELECT unnest($9::uuid[]) AS customer_id
    UNION
    SELECT party_id FROM added WHERE party_id = ANY($10::uuid[])
), {SURVIVORS}
{TOUCH.format(touched="(SELECT customer_id FROM survivors ORDER BY customer_id)")}
"""

# One short index scan per party, merged: a customer has few parties and may have many items.
_LIST = """
SELECT newest.party_id, newest.at, newest.event_id, newest.kind, newest.service, newest.item
FROM unnest($1::uuid[]) AS party (party_id)
CROSS JOIN LATERAL (
    SELECT party_id, at, event_id, kind, service, item
    FROM timeline
    WHERE timeline.party_id = party.party_id AND (timeline.at, timeline.event_id) < ($2, $3)
    ORDER BY timeline.at DESC, timeline.event_id DESC
    LIMIT $4
) AS newest
ORDER BY newest.at DESC, newest.event_id DESC
LIMIT $4
"""

_PARTIES = f"""
WITH RECURSIVE {RECORDS}, {PEOPLE}, interest AS (
    SELECT lead_id, submission_id FROM leads
    WHERE customer_id = ANY (ARRAY(SELECT customer_id FROM records))
        OR contact_id = ANY (ARRAY(SELECT contact_id FROM people))
)
SELECT contact_id AS party_id, NULL AS subject_hash FROM people
UNION ALL SELECT customer_id, NULL FROM records
UNION ALL SELECT lead_id, NULL FROM interest
UNION ALL SELECT submission_id, NULL FROM interest WHERE submission_id IS NOT NULL
UNION ALL
SELECT identifier::uuid, NULL FROM identities
WHERE contact_id = ANY (ARRAY(SELECT contact_id FROM people))
    AND identifier_type IN ('submission', 'lead')
    AND pg_input_is_valid(identifier, 'uuid')
UNION ALL
SELECT NULL, jsonb_array_elements_text(subject_hashes) FROM contacts
WHERE contact_id = ANY (ARRAY(SELECT contact_id FROM people))
"""

_NEWEST = """
SELECT newest.party_id, newest.at, newest.event_id, newest.kind, newest.service, newest.item
FROM unnest($1::uuid[]) AS party (party_id)
CROSS JOIN LATERAL (
    SELECT party_id, at, event_id, kind, service, item
    FROM timeline
    WHERE timeline.party_id = party.party_id
    ORDER BY timeline.at DESC, timeline.event_id DESC
    LIMIT $2
) AS newest
ORDER BY newest.party_id, newest.at DESC, newest.event_id DESC
"""


@dataclass(frozen=True, slots=True)
class StoredItem:
    """A line of the timeline as it is stored; `item` is JSON text."""

    party_id: UUID
    at: datetime
    event_id: UUID
    kind: str
    service: str
    item: str


async def insert_and_touch(
    connection: Connection, items: Sequence[Item], customer_ids: Collection[UUID]
) -> None:
    """Insert what is new, and raise the profiles of these customers and of those with a new line.

    What is about a merged customer raises the profile of the one that it is now, too. One
    statement: small batches are paid by the round trip.
    """
    if not items:
        await touch(connection, await with_survivors(connection, customer_ids))
        return
    await connection.execute(
        _INSERT_AND_TOUCH,
        [item.party_id for item in items],
        [item.at for item in items],
        [item.event_id for item in items],
        [item.kind for item in items],
        [item.service for item in items],
        [item.title for item in items],
        [item.actor for item in items],
        [item.ref for item in items],
        list(customer_ids),
        list({item.party_id for item in items if item.party == "customer"}),
    )


async def list_parties(connection: Connection, customer_id: UUID) -> tuple[set[UUID], set[str]]:
    """Whose facts are the customer's: ids, its own among them, and its people's address hashes."""
    rows = await connection.fetch(_PARTIES, customer_id)
    ids = {row["party_id"] for row in rows if row["party_id"] is not None}
    return ids, {row["subject_hash"] for row in rows if row["subject_hash"] is not None}


async def list_items(
    connection: Connection, parties: Collection[UUID], before: tuple[datetime, UUID], limit: int
) -> list[StoredItem]:
    """The lines of these parties before a point, newest first."""
    at, event_id = before
    rows = await connection.fetch(_LIST, list(parties), at, event_id, limit)
    return [StoredItem(*row) for row in rows]


async def list_newest(
    connection: Connection, parties: Collection[UUID], limit: int
) -> list[StoredItem]:
    """The newest lines of each of these parties, at most `limit` each."""
    rows = await connection.fetch(_NEWEST, list(parties), limit)
    return [StoredItem(*row) for row in rows]
