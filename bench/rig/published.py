"""A history on the topics: facts as the relay would have sent them, as many as are wanted."""

import asyncio
from itertools import islice

from aiokafka import AIOKafkaProducer
from shared.ids import new_id
from shared.messaging.envelope import write_headers
from shared.messaging.outbox import Fact
from shared.messaging.relay import producing
from shared.settings import KafkaSettings

from rig.facts import cause_of_bench, facts

TOGETHER = 2_000


async def publish_history(kafka: KafkaSettings, number: int) -> None:
    """Put so many facts of new customers on their topics."""
    endless = facts()
    async with producing("bench", kafka.client_options()) as producer:
        for first in range(0, number, TOGETHER):
            few = islice(endless, min(TOGETHER, number - first))
            await asyncio.gather(*[await _send(producer, fact) for fact in few])


async def _send(producer: AIOKafkaProducer, fact: Fact) -> "asyncio.Future[object]":
    event = fact.event
    headers = write_headers(
        new_id(), type(event), event.record_key, fact.version or 1, cause_of_bench()
    )
    return await producer.send(
        event.topic.name,
        event.model_dump_json(exclude_none=True).encode(),
        event.record_key.encode(),
        headers=[(name, text.encode()) for name, text in headers.items()],
    )
