"""Clearing: many parked records discarded or redriven at once, chosen by where and why they wait.

Both go a portion at a time, so that no transaction grows with what waits; the caller repeats until
nothing is left.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.contracts.parking import ParkedReason
from shared.db import Connection, Pool, transaction
from shared.messaging import parking
from shared.messaging.reactions import Consumer
from shared.messaging.redrive import redrive

_CHOSEN = "consumer = $1 AND ($2::text IS NULL OR topic = $2) AND ($3::text IS NULL OR reason = $3)"

_SUMMARY = """
SELECT consumer, topic, reason, count(*) AS records, count(DISTINCT key) AS keys,
    min(parked_at) AS oldest_at
FROM parked_events WHERE consumer = ANY($1)
GROUP BY consumer, topic, reason ORDER BY consumer, topic, reason
"""
_COUNT = f"SELECT count(*) FROM parked_events WHERE {_CHOSEN}"
_KEYS = f"""
SELECT topic, key FROM parked_events WHERE {_CHOSEN}
GROUP BY topic, key ORDER BY min(id) LIMIT $4
"""
_DISCARD = f"""
WITH gone AS (
    DELETE FROM parked_events
    WHERE {_CHOSEN} AND (topic, key) IN (SELECT * FROM unnest($4::text[], $5::text[]))
    RETURNING parked_id, consumer, topic, key, partition, "offset", event_type, reason
)
INSERT INTO discarded_events (parked_id, consumer, topic, key, partition, "offset", event_type,
    reason, discarded_by, discarded_for)
SELECT *, $6, $7 FROM gone
"""
_RELEASE = """
DELETE FROM parked_keys AS k
WHERE consumer = $1 AND (topic, key) IN (SELECT * FROM unnest($2::text[], $3::text[]))
AND NOT EXISTS (SELECT FROM parked_events AS e
    WHERE e.consumer = k.consumer AND e.topic = k.topic AND e.key = k.key)
"""
_HEADS = f"""
SELECT (array_agg(parked_id ORDER BY id))[1] AS parked_id, min(id) AS id
FROM parked_events WHERE {_CHOSEN}
GROUP BY topic, key HAVING min(id) > $4 ORDER BY min(id) LIMIT $5
"""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which parked records are meant; `topic` and `reason` narrow it where they are given."""

    consumer: str
    topic: str | None = None
    reason: ParkedReason | None = None

    @property
    def arguments(self) -> tuple[str, str | None, str | None]:
        return self.consumer, self.topic, self.reason


@dataclass(frozen=True, slots=True)
class Cleared:
    """What a portion came to. `after` is where the next one begins, None at the end."""

    keys: int
    applied: int
    failed: int
    after: int | None


async def summarize(connection: Connection, consumers: list[str]) -> list[Any]:
    """How many records and keys wait, by consumer, topic and reason."""
    return list(await connection.fetch(_SUMMARY, consumers))


async def discard_chosen(
    pool: Pool, chosen: Chosen, *, by: str, reason: str, most_keys: int
) -> tuple[int, int]:
    """Give up the chosen records of some keys; answers how many, and how many of them remain.

    Records behind them that were not chosen stay, to be redriven; who did it and why is kept.
    """
    async with transaction(pool) as connection:
        rows = await connection.fetch(_KEYS, *chosen.arguments, most_keys)
        keys = [row["topic"] for row in rows], [row["key"] for row in rows]
        await parking.lock_parked_keys(connection, chosen.consumer, zip(*keys, strict=True))
        done = await connection.execute(_DISCARD, *chosen.arguments, *keys, by, reason)
        await connection.execute(_RELEASE, chosen.consumer, *keys)
        left: int = await connection.fetchval(_COUNT, *chosen.arguments)
    return int(done.rpartition(" ")[2]), left


async def redrive_chosen(
    pool: Pool, consumer: Consumer, chosen: Chosen, *, after: int, most_keys: int
) -> Cleared:
    """Redrive some of the keys on which chosen records wait, each in a transaction of its own."""
    heads = await pool.fetch(_HEADS, *chosen.arguments, after, most_keys)
    results = [await _redrive(pool, consumer, head["parked_id"]) for head in heads]
    return Cleared(
        keys=len(heads),
        applied=sum(applied for applied, _ in results),
        failed=sum(is_stuck for _, is_stuck in results),
        after=heads[-1]["id"] if len(heads) == most_keys else None,
    )


async def _redrive(pool: Pool, consumer: Consumer, parked_id: UUID) -> tuple[int, bool]:
    """How many were applied, and whether one failed; somebody else may have been quicker."""
    try:
        result = await redrive(pool, consumer, parked_id)
    except parking.ParkedRecordNotFoundError:
        return 0, False
    return result.applied, result.failed is not None
