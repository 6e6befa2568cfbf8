"""Publishing: the smallest rows of the outbox become records on their topics and are deleted.

Records go out in batches that are put together here, one per partition: a record costs the client
library no future, no lock and no task of its own. Keys are placed as every Kafka client does by
default (murmur2), so a key's records share a partition whoever writes them.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, TypeAlias

import asyncpg
from aiokafka.errors import TopicAuthorizationFailedError

from shared.failpoints import Failpoint
from shared.messaging.partitions import partition_of

BATCH = 1000
BROKER_SILENCE = 10.0
"""Seconds without any acknowledgement after which a relay gives up what it sent, and its lead: it
may be the one that is cut off from Kafka. A broker that acknowledges slowly is waited for."""

PROOF_LASTS = 2.0
"""Seconds for which an answer on the connection proves that nobody else leads: less than the server
waits before it gives up a client that has vanished (see `shared.messaging.relay`)."""

READ = """
SELECT id, topic, convert_to(key, 'UTF8') AS key, convert_to(event_id::text, 'UTF8') AS event_id,
    convert_to(version::text, 'UTF8') AS version, headers, convert_to(payload, 'UTF8') AS payload
FROM outbox WHERE id <> ALL($1::bigint[]) ORDER BY id LIMIT $2
"""
_DELETE = "DELETE FROM outbox WHERE id = ANY($1::bigint[])"

_AFTER_READ = Failpoint("relay.after-read")
_AFTER_ACK = Failpoint("relay.after-ack")
_BEFORE_DELETE = Failpoint("relay.before-delete")
_AFTER_DELETE = Failpoint("relay.after-delete")

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Header: TypeAlias = tuple[str, bytes]
_Acknowledgement: TypeAlias = "asyncio.Future[Any]"


class LeadershipUnprovenError(TimeoutError):
    """This process stood still for so long that another may lead by now."""


@dataclass(slots=True)
class Publisher:
    """Publishes what one connection reads through one producer, as long as both live."""

    connection: Connection
    producer: Any  # an AIOKafkaProducer; its batches are not annotated
    _ahead: Sequence[asyncpg.Record] = ()
    _proven_at: float = 0.0
    _patience: asyncio.Timeout | None = None
    _partition_counts: dict[str, int] = field(default_factory=dict[str, int])

    async def publish(self) -> int:
        """Publish the smallest rows of the outbox and delete them; answers how many.

        Raises where the broker did not take every record: then no row is deleted, and whoever
        comes next sends all of them again, in the same order. While the broker writes, the rows
        after these are read, without a lower bound: what commits late is found among them.
        """
        rows, self._ahead = self._ahead or await self._read(()), ()
        if not rows:
            return 0
        _AFTER_READ.reach()
        ids = [row["id"] for row in rows]
        async with asyncio.timeout(BROKER_SILENCE) as self._patience:
            acknowledgements = await self._send(rows)
            _, self._ahead = await asyncio.gather(
                asyncio.gather(*acknowledgements), self._read_ahead(ids)
            )
        _BEFORE_DELETE.reach()
        await self.connection.execute(_DELETE, ids)
        self._proven_at = time.monotonic()
        _AFTER_DELETE.reach()
        return len(rows)

    async def _read(self, under_way: Sequence[int]) -> Sequence[asyncpg.Record]:
        rows = await self.connection.fetch(READ, under_way, BATCH)
        self._proven_at = time.monotonic()
        return rows

    async def _read_ahead(self, under_way: Sequence[int]) -> Sequence[asyncpg.Record]:
        """The rows after a full batch; after a smaller one there is nothing to hurry for."""
        return await self._read(under_way) if len(under_way) == BATCH else ()

    async def _send(self, rows: Sequence[asyncpg.Record]) -> list[_Acknowledgement]:
        """Hand the rows to the producer, one batch or a few per partition, in their order."""
        by_partition: dict[tuple[str, int], list[asyncpg.Record]] = {}
        for row in rows:
            topic = row["topic"]
            place = topic, partition_of(row["key"], await self._partitions_of(topic))
            by_partition.setdefault(place, []).append(row)
        return [
            acknowledgement
            for (topic, partition), mine in by_partition.items()
            for acknowledgement in await self._send_to(topic, partition, mine)
        ]

    async def _send_to(
        self, topic: str, partition: int, rows: Sequence[asyncpg.Record]
    ) -> list[_Acknowledgement]:
        sent: list[_Acknowledgement] = []
        batch: Any = self.producer.create_batch()
        for row in rows:
            record = record_of(row)
            if batch.append(**record) is None:
                sent.append(await self._hand_over(batch, topic, partition))
                batch = self.producer.create_batch()
                batch.append(**record)
        sent.append(await self._hand_over(batch, topic, partition))
        return sent

    async def _hand_over(self, batch: Any, topic: str, partition: int) -> _Acknowledgement:
        if time.monotonic() - self._proven_at > PROOF_LASTS:
            raise LeadershipUnprovenError
        batch.close()  # a batch that is open would wait for more
        sent: _Acknowledgement = await self.producer.send_batch(batch, topic, partition=partition)
        sent.add_done_callback(partial(_name_refused, topic))
        sent.add_done_callback(self._wait_on)
        if _AFTER_ACK.is_armed:
            sent.add_done_callback(lambda _: _AFTER_ACK.reach())
        return sent

    def _wait_on(self, _: _Acknowledgement) -> None:
        """The broker was heard: what else is under way may take its time from now."""
        if self._patience is not None:
            with contextlib.suppress(RuntimeError):  # the wait is over
                self._patience.reschedule(asyncio.get_running_loop().time() + BROKER_SILENCE)

    async def _partitions_of(self, topic: str) -> int:
        count = self._partition_counts.get(topic)
        if count is None:
            count = len(await self.producer.partitions_for(topic))
            self._partition_counts[topic] = count
        return count


def _name_refused(topic: str, sent: _Acknowledgement) -> None:
    """Say of which topic the broker would have no record; the library leaves it out."""
    if not sent.cancelled() and isinstance(
        error := sent.exception(), TopicAuthorizationFailedError
    ):
        error.args = (topic,)


def record_of(row: asyncpg.Record) -> dict[str, Any]:
    """An outbox row as a batch takes it."""
    key = row["key"]
    return {
        "timestamp": None,
        "key": key,
        "value": row["payload"],
        "headers": [
            *_shared_headers(row["headers"]),
            ("ce_id", row["event_id"]),
            ("ce_subject", key),
            ("ce_aggregateversion", row["version"]),
        ],
    }


@lru_cache(maxsize=1000)
def _shared_headers(text: str) -> tuple[Header, ...]:
    """What all facts of a type and a cause have in common; parsed once for a whole import."""
    return tuple((name, value.encode()) for name, value in json.loads(text).items())
