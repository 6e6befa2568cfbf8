"""The relay: moves a database's outbox to Kafka, in order, one relay at a time.

No cursor: rows leave the table when the broker has them, so a late commit, whatever its id, is
simply the smallest row at the next look. Everything runs on the one connection that holds a
session advisory lock; when that session dies, so does its right to delete, and the next relay
takes over. A crash between the broker's acknowledgement and the delete repeats records with the
same `ce_id` and version, which consumers drop.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.db import COMMAND_TIMEOUT, CONNECT_TIMEOUT, is_infrastructure_fault, notice_silence
from shared.messaging import metrics
from shared.messaging.connections import cut_off
from shared.messaging.publishing import BATCH, Connection, Publisher
from shared.messaging.refusals import refusal_of
from shared.settings import REQUEST_TIMEOUT_MS

POLL_SHORTEST = 0.02
POLL_LONGEST = 0.25
TAKEOVER_POLL = 1.0
"""Seconds between two tries for the lock; bounds a takeover together with the keepalives below."""

STOP_TIMEOUT = 5.0

_LOCK = "SELECT pg_try_advisory_lock(hashtextextended('rapport.relay', 0))"

_SESSION = {
    # The server drops a session whose client vanished without a word within about 3 s.
    "tcp_keepalives_idle": "1",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": "3000",  # keepalives are not sent while an answer waits to be acknowledged
    "client_connection_check_interval": "1000",
    "application_name": "rapport-relay",
    # The outbox is empty, then full, then mostly dead rows, and no statistics follow that. A plan
    # of its empty hours compares each row with each that is under way; others read all of it.
    "plan_cache_mode": "force_custom_plan",
    "enable_seqscan": "off",
    "enable_sort": "off",
}

logger = structlog.stdlib.get_logger()


@dataclass(slots=True)
class Relay:
    """One service's relay; `run` until cancelled. Start it in every process of the service."""

    service: str
    database_url: str
    kafka_options: dict[str, Any]
    is_leader: bool = False
    interruptions: int = 0
    refused: str | None = None

    async def run(self) -> None:
        """Lead when possible, stand by otherwise, for ever."""
        while True:
            try:
                await self._stand_by_then_lead()
            except Exception as error:
                if not (is_infrastructure_fault(error) or isinstance(error, KafkaError)):
                    raise
                await self._tell(error)
            # Longer than others poll: whoever failed may be the one that is cut off from Kafka.
            await asyncio.sleep(TAKEOVER_POLL * random.uniform(1.0, 1.5))

    async def _tell(self, error: Exception) -> None:
        """Say why the relay has stopped for now; a refusal says whose right is missing."""
        self.interruptions += 1
        metrics.PUBLISH_ERRORS.labels(self.service).inc()
        self.refused = await refusal_of(error, self.kafka_options, "Write")
        if self.refused is not None:
            logger.error("kafka_refuses", service=self.service, what=self.refused)
        else:
            logger.warning("relay_interrupted", service=self.service, error=repr(error))

    async def _stand_by_then_lead(self) -> None:
        connection = await open_session(self.database_url)
        try:
            await notice_silence(connection)
            while not await connection.fetchval(_LOCK):
                await asyncio.sleep(TAKEOVER_POLL * random.uniform(0.5, 1.0))
            await self._lead(connection)
        finally:
            self.is_leader = False
            metrics.RELAY_LEADER.labels(self.service).set(0)
            with contextlib.suppress(OSError, TimeoutError):
                await connection.close(timeout=2)

    async def _lead(self, connection: Connection) -> None:
        self.is_leader = True
        metrics.RELAY_LEADER.labels(self.service).set(1)
        metrics.RELAY_TAKEOVERS.labels(self.service).inc()
        logger.info("relay_leads", service=self.service)
        async with producing(self.service, self.kafka_options) as producer:
            await self._drain_for_ever(Publisher(connection, producer))

    async def _drain_for_ever(self, publisher: Publisher) -> None:
        pause = POLL_SHORTEST
        while True:
            published = await publisher.publish()
            self.refused = None
            metrics.PUBLISHED.labels(self.service).inc(published)
            pause = POLL_SHORTEST if published else min(pause * 1.5, POLL_LONGEST)
            if published < BATCH:
                await asyncio.sleep(pause)


async def open_session(database_url: str) -> Connection:
    """The session of a relay: it ends soon after its client, and plans for the outbox as it is."""
    return await asyncpg.connect(
        database_url,
        server_settings=_SESSION,
        timeout=CONNECT_TIMEOUT,
        command_timeout=COMMAND_TIMEOUT,
    )


@contextlib.asynccontextmanager
async def producing(service: str, options: dict[str, Any]) -> AsyncGenerator[AIOKafkaProducer]:
    """Run the relay's producer: idempotent, `acks=all`, stopped at the end of the block."""
    producer = AIOKafkaProducer(
        **options,
        client_id=f"{service}-relay",
        enable_idempotence=True,
        acks="all",
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        linger_ms=2,
        max_batch_size=128 * 1024,
    )
    starting = asyncio.ensure_future(producer.start())
    try:
        await asyncio.shield(starting)
        yield producer
    finally:
        await _stop(producer, starting)


async def _stop(producer: AIOKafkaProducer, starting: asyncio.Future[None]) -> None:
    """Stop in order, or cut it off: what is unsent is safe in the outbox."""
    try:
        async with asyncio.timeout(STOP_TIMEOUT):
            await asyncio.wait([starting])  # a start that is cut off leaves connections behind
            await producer.flush()
    except (KafkaError, TimeoutError):
        starting.cancel()
        await asyncio.wait([starting])
    finally:
        await cut_off(producer)
