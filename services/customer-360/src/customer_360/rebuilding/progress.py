"""How far a rebuild is, told from the positions that both projections committed with their rows."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition
from shared.db import Connection

from customer_360.rebuilding.schemas import LIVE, NEXT

_POSITIONS = f"""
SELECT topic, partition, live.next_offset AS total, coalesce(rebuilt.next_offset, 0) AS applied
FROM {LIVE}.consumer_positions AS live
LEFT JOIN {NEXT}.consumer_positions AS rebuilt USING (consumer, topic, partition)
WHERE consumer LIKE 'customer-360.%'
"""


@dataclass(slots=True)
class TopicProgress:
    """How many offsets of a topic the live projection has read, and the rebuild of these."""

    topic: str
    applied: int = 0
    total: int = 0

    @property
    def lag(self) -> int:
        """What the rebuild has still to read."""
        return self.total - self.applied


@dataclass(slots=True)
class Gauge:
    """Looks at the progress; the beginnings of partitions are asked for once."""

    reader: Any  # an AIOKafkaConsumer, whose answers are not annotated
    beginnings: dict[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])

    async def read(self, connection: Connection) -> list[TopicProgress]:
        """The progress of each topic by now."""
        rows = await connection.fetch(_POSITIONS)
        parts = {TopicPartition(row["topic"], row["partition"]) for row in rows}
        if new := parts - self.beginnings.keys():
            self.beginnings |= await self.reader.beginning_offsets(list(new))
        topics = defaultdict[str, list[tuple[int, int]]](list)
        for row in rows:
            beginning = self.beginnings[TopicPartition(row["topic"], row["partition"])]
            total = max(0, row["total"] - beginning)
            applied = min(total, max(0, row["applied"] - beginning))
            topics[row["topic"]].append((applied, total))
        return [
            TopicProgress(topic, sum(one for one, _ in counts), sum(one for _, one in counts))
            for topic, counts in sorted(topics.items())
        ]
