"""Erased keys: what was erased stays erased, whatever comes late, twice or out of a resync.

A tombstone deletes the row whose version guarded it, so any older snapshot that comes after it
would bring the person back. Therefore the key of an erased record is remembered for ever, and the
consumer loop lets every later record of that key fall. Two ways lead here: a tombstone on a
compacted topic, and a service that is asked to erase before it has read the tombstone.
"""

from collections.abc import Iterable
from uuid import UUID

from shared.contracts.topic import Topic
from shared.db import Connection
from shared.failpoints import Failpoint

BEFORE_COMMIT = Failpoint("erasure.before-commit")
"""Reached by every service when all of its part in an erasure is written and nothing committed."""

_LOCK = "hashtextextended('rapport.erased', 0)"
_HOLD_OFF = f"SELECT pg_advisory_xact_lock_shared({_LOCK})"
_LOCK_OUT = f"SELECT pg_advisory_xact_lock({_LOCK})"
_NOTE = """
INSERT INTO erased_keys (topic, key)
SELECT * FROM unnest($1::text[], $2::text[]) AS erased (topic, key) ORDER BY topic, key
ON CONFLICT DO NOTHING
"""
_FORGET_PARKED = """
DELETE FROM parked_keys WHERE (topic, key) IN (SELECT * FROM unnest($1::text[], $2::text[]))
"""
_FIND = """
SELECT key FROM erased_keys WHERE topic = $1 AND key = ANY($2::text[])
"""


async def hold_off(connection: Connection) -> None:
    """Let no erasure begin while this batch is applied; and wait for one that has begun.

    A statement of its own, before the one that looks for erased keys: that one must see what the
    erasure has committed.
    """
    await connection.execute(_HOLD_OFF)


async def lock_out(connection: Connection) -> None:
    """Wait for the batches under way, and let the next ones wait for this transaction.

    The first thing that an erasure does: what it does not find now, nobody writes after it.
    """
    await connection.execute(_LOCK_OUT)


async def note(connection: Connection, keys: Iterable[tuple[str, str]]) -> None:
    """Remember these (topic, key) for ever, and delete what is parked of them."""
    ordered = sorted(set(keys))
    topics, names = [topic for topic, _ in ordered], [key for _, key in ordered]
    await connection.execute(_NOTE, topics, names)
    await connection.execute(_FORGET_PARKED, topics, names)


async def erase_keys(connection: Connection, topic: Topic, keys: Iterable[UUID]) -> None:
    """The same for the ids of one topic."""
    await note(connection, [(topic.name, str(key)) for key in keys])


async def find_erased(connection: Connection, topic: Topic, ids: Iterable[UUID]) -> set[UUID]:
    """Which of these ids of a topic were erased here: nothing new may be made of them."""
    rows = await connection.fetch(_FIND, topic.name, [str(each) for each in ids])
    return {UUID(row["key"]) for row in rows}
