"""The inbox: a reaction claims an event in the transaction of its effect, so it happens once."""

from collections.abc import Iterable
from uuid import UUID

from shared.db import Connection

KEEP_DAYS = 30
"""Longer than any producer repeats itself, any topic's redelivery, and any parked record waits."""

_CLAIM = """
INSERT INTO inbox (consumer, event_id)
SELECT $1, event_id FROM unnest($2::uuid[]) AS event_id
ON CONFLICT DO NOTHING
RETURNING event_id
"""
_PRUNE = "DELETE FROM inbox WHERE claimed_at < now() - make_interval(days => $1)"


async def claim(connection: Connection, consumer: str, event_ids: Iterable[UUID]) -> set[UUID]:
    """Claim events for this transaction; answers those that nobody had claimed before."""
    rows = await connection.fetch(_CLAIM, consumer, sorted(set(event_ids)))
    return {row["event_id"] for row in rows}


async def prune(connection: Connection) -> None:
    """Forget claims older than `KEEP_DAYS`."""
    await connection.execute(_PRUNE, KEEP_DAYS)
