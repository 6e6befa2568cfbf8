"""A header whose name is not UTF-8 neither stops a partition nor loses its neighbours."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import pytest
from aiokafka import AIOKafkaProducer
from shared.contracts.contacts import CustomerOwnerChanged
from shared.db import Connection, Pool
from shared.ids import new_id
from shared.messaging import parking
from shared.messaging.decoding import Poison, decode
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer
from shared.messaging.subscribing import broker_for, subscribe
from shared.settings import KafkaSettings

from tests.integration.event_path.conftest import owner_changed, until
from tests.raw_batches import PLACEHOLDER, Record, send_wild
from tests.records import record_of

TOPIC = CustomerOwnerChanged.topic.name


@pytest.fixture
async def plain_producer(topics: KafkaSettings) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(**topics.client_options())
    await producer.start()
    yield producer
    await producer.stop()


def fact(owner: str, *more: tuple[str, bytes]) -> Record:
    record = record_of(owner_changed(new_id(), owner))
    return record.key, record.value, [*record.headers, *more]


@pytest.mark.parametrize("is_compressed", [False, True])
async def test_its_record_is_parked_and_the_others_are_applied(
    plain_producer: AIOKafkaProducer,
    topics: KafkaSettings,
    pool: Pool,
    *,
    is_compressed: bool,
) -> None:
    owners: list[str] = []
    consumer = Consumer(f"contacts.wild-{new_id()}")
    mark = str(new_id())

    @consumer.on_batch(CustomerOwnerChanged)
    async def on_owner(_: Connection, records: Sequence[Received[CustomerOwnerChanged]]) -> None:
        owners.extend(r.event.to_owner_id for r in records if r.event.to_owner_id.startswith(mark))

    before, wild, after = fact(f"{mark} 1"), fact("x", (PLACEHOLDER, b"v")), fact(f"{mark} 2")
    batch = [before, wild, after]
    await send_wild(plain_producer, TOPIC, 3, batch, is_compressed=is_compressed)
    await send_wild(plain_producer, TOPIC, 3, [fact(f"{mark} 3")])
    broker = broker_for(topics, "contacts")
    subscribe(broker, consumer, pool)
    await broker.start()
    try:
        await until(lambda: len(owners) == 3)
    finally:
        await broker.stop()
    assert owners == [f"{mark} {n}" for n in (1, 2, 3)]
    async with pool.acquire() as connection:
        [parked] = [
            record
            for record in await parking.list_parked(connection, [consumer.name], UUID(int=0), 500)
            if record.record_key == wild[0]
        ]
    assert (parked.reason, parked.error) == (
        "malformed-header",
        r"header name \xff\xfe-name-xx is not UTF-8",
    )
    again: Any = decode(parked.raw(), consumer)
    assert isinstance(again, Poison)
    assert json.dumps(parked.headers)
