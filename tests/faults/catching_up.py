"""Catching up: how long until everything that was acknowledged by now is published and applied."""

import time
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from shared.contracts import TOPICS
from shared.contracts.topic import PARTITIONS
from shared.settings import KafkaSettings

from tests.faults.timing import until_async

PATIENCE = 120.0

_POSITIONS = """
SELECT topic, partition, min(next_offset) AS next FROM consumer_positions GROUP BY topic, partition
"""


@dataclass(frozen=True)
class Backlog:
    """What waits in the outboxes at a moment, and the newest row of each."""

    connections: dict[str, Any]
    rows: int
    newest: dict[str, int]

    async def is_published(self) -> bool:
        sql = "SELECT count(*) FROM outbox WHERE id <= $1"
        waiting = [await self.connections[s].fetchval(sql, id_) for s, id_ in self.newest.items()]
        return not sum(waiting)

    async def catch_up(self, kafka: KafkaSettings, since: float) -> tuple[float, float]:
        """Seconds since then until all of it is published, and until the 360 has applied it."""
        await until_async(self.is_published, "the outboxes are drained", PATIENCE)
        published = time.monotonic() - since
        ends = await _ends(kafka)

        async def is_visible() -> bool:
            rows = await self.connections["customer-360"].fetch(_POSITIONS)
            seen = {(row["topic"], row["partition"]): row["next"] for row in rows}
            read = {topic for topic, _ in seen}
            return all(seen.get(at, 0) >= end for at, end in ends.items() if end and at[0] in read)

        await until_async(is_visible, "the 360 has applied it", PATIENCE)
        return published, time.monotonic() - since


async def backlog(connections: dict[str, Any]) -> Backlog:
    """Look into every outbox."""
    sql = "SELECT count(*) AS rows, coalesce(max(id), 0) AS newest FROM outbox"
    found = {service: await one.fetchrow(sql) for service, one in connections.items()}
    newest = {service: row["newest"] for service, row in found.items()}
    return Backlog(connections, sum(row["rows"] for row in found.values()), newest)


async def _ends(kafka: KafkaSettings) -> dict[tuple[str, int], int]:
    partitions = [TopicPartition(topic, n) for topic in TOPICS for n in range(PARTITIONS)]
    consumer: Any = AIOKafkaConsumer(**kafka.client_options())
    consumer.assign(partitions)
    await consumer.start()
    try:
        ends = await consumer.end_offsets(partitions)
    finally:
        await consumer.stop()
    return {(p.topic, p.partition): end for p, end in ends.items()}
