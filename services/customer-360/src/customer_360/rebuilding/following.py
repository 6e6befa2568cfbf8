"""Reads the topics from their beginning, exactly as far as the live projection has read them.

There is no consumer group: partitions are assigned, and the positions are those that were committed
with the rows, so a rebuild that was killed goes on where it was. That the rebuild never passes the
live projection makes the two comparable, and lets the live consumers go on after a switch from
where they are.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from shared.db import Pool
from shared.messaging.consuming import Progress, consume
from shared.messaging.envelope import RawRecord
from shared.messaging.reactions import Consumer
from shared.messaging.wire import accept_any_header_name
from shared.settings import KafkaSettings

from customer_360.rebuilding.discarding import repeat_discards
from customer_360.rebuilding.schemas import LIVE

FETCH_MS = 200
PARTITION_FETCH_BYTES = 262_144
"""Small beside the library's 1 MB: hundreds of partitions of history are fetched at once."""

_POSITIONS = """
SELECT topic, partition, next_offset FROM {schema}.consumer_positions
WHERE consumer = $1 AND partition % $2 = $3
"""

Offsets = dict[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class Share:
    """Which partitions one process of a rebuild reads: each `of`-th, from `index`."""

    index: int = 0
    of: int = 1


WHOLE = Share()


@dataclass(slots=True)
class Follower:
    """One of the service's consumers, as the rebuild runs it."""

    consumer: Consumer
    reader: Any  # an AIOKafkaConsumer, whose answers are not annotated
    pool: Pool
    share: Share
    progress: Progress = field(default_factory=Progress)

    async def catch_up(self, live: asyncpg.Pool) -> int:
        """Apply what the live projection has applied by now; answers how many records."""
        targets = await positions_of(live, self.consumer, self.share, LIVE)
        await self._assign(targets)
        ends: dict[TopicPartition, int] = {}
        if targets:
            ends = await self.reader.end_offsets(list(targets))
        targets = {part: min(offset, ends[part]) for part, offset in targets.items()}
        applied = 0
        while behind := [part for part in targets if await self._is_behind(part, targets)]:
            fetched = await self.reader.getmany(
                *behind, timeout_ms=FETCH_MS, max_records=self.consumer.max_records
            )
            records = [record for part in fetched for record in self._due(part, fetched, targets)]
            if records:
                await self._apply(records)
            applied += len(records)
        return applied

    async def _apply(self, records: Sequence[RawRecord]) -> None:
        """Apply a batch; where that fails or is given up, the same records are read again."""
        try:
            await consume(self.pool, self.consumer, records, self.progress)
        except BaseException:
            for record in reversed(records):
                self.reader.seek(TopicPartition(record.topic, record.partition), record.offset)
            raise
        await repeat_discards(self.pool, self.consumer)

    async def _is_behind(self, part: TopicPartition, targets: Offsets) -> bool:
        return bool(await self.reader.position(part) < targets[part])

    def _due(
        self,
        part: TopicPartition,
        fetched: dict[TopicPartition, list[RawRecord]],
        targets: Offsets,
    ) -> Sequence[RawRecord]:
        """The records before the target; those after it are left for a later time."""
        records = fetched[part]
        due = [record for record in records if record.offset < targets[part]]
        if len(due) < len(records):
            self.reader.seek(part, targets[part])
        return due

    async def _assign(self, targets: Offsets) -> None:
        """Take up partitions that the live projection has begun, each where the rebuild is."""
        assigned: set[TopicPartition] = self.reader.assignment()
        if targets.keys() <= assigned:
            return
        done = await positions_of(self.pool, self.consumer, self.share)
        reached = {part: await self.reader.position(part) for part in assigned}
        self.reader.assign(list(targets.keys() | assigned))
        beginnings = await self.reader.beginning_offsets(list(targets))
        for part in targets.keys() | assigned:
            beginning = beginnings.get(part, 0)
            self.reader.seek(part, reached.get(part, max(beginning, done.get(part, 0))))


async def positions_of(
    pool: asyncpg.Pool, consumer: Consumer, share: Share, schema: str | None = None
) -> Offsets:
    """How far a projection is, by what it committed with its rows."""
    statement = _POSITIONS.format(schema=schema) if schema else _POSITIONS.replace("{schema}.", "")
    rows = await pool.fetch(statement, consumer.name, share.of, share.index)
    return {TopicPartition(row["topic"], row["partition"]): row["next_offset"] for row in rows}


async def start_follower(
    running: AsyncExitStack, kafka: KafkaSettings, consumer: Consumer, pool: Pool, share: Share
) -> Follower:
    """A follower that is connected until the stack ends; it reads nothing yet."""
    accept_any_header_name()
    reader = AIOKafkaConsumer(
        **kafka.client_options(),
        client_id="rapport-customer-360-rebuild",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
    )
    await reader.start()
    running.push_async_callback(reader.stop)
    return Follower(consumer, reader, pool, share)
