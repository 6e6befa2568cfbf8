"""A database with nothing but the event path, and what goes into and comes out of it."""

import asyncio
import inspect
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from fastapi import FastAPI
from shared.contracts.contacts import CustomerOwnerChanged
from shared.db import Pool, open_pool
from shared.messaging import outbox
from shared.messaging.outbox import Fact
from shared.service import Service, build_app
from shared.settings import KafkaSettings, ServiceSettings

from devstack import wait
from tests.conftest import DatabaseFactory
from tests.integration.event_path.shelves import KEY, owners_of, router
from tests.records import cause_of_test

EVENT_PATH = "shared.messaging"


@pytest.fixture
async def url(database: DatabaseFactory) -> str:
    return await database(EVENT_PATH)


@pytest.fixture
async def pool(url: str) -> AsyncIterator[Pool]:
    pool = await open_pool(url)
    await pool.execute(
        "CREATE TABLE customers (customer_id uuid PRIMARY KEY, version bigint NOT NULL)"
    )
    yield pool
    await pool.close()


@pytest.fixture
async def producer(topics: KafkaSettings) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(
        **topics.client_options(), enable_idempotence=True, acks="all", linger_ms=1
    )
    await producer.start()
    yield producer
    await producer.stop()


def owner_changed(customer_id: UUID, owner: str = "anna") -> CustomerOwnerChanged:
    return CustomerOwnerChanged(
        customer_id=customer_id, from_owner_id=None, to_owner_id=owner, reason_code="test"
    )


async def change_customer(connection: Any, customer_id: UUID) -> int:
    """One command: raise the customer's version, then put the fact into the outbox."""
    version: int = await connection.fetchval(
        "INSERT INTO customers VALUES ($1, 1) ON CONFLICT (customer_id) "
        "DO UPDATE SET version = customers.version + 1 RETURNING version",
        customer_id,
    )
    await outbox.append(
        connection, cause_of_test(), [Fact(owner_changed(customer_id, f"owner-{version}"), version)]
    )
    return version


@dataclass
class Tail:
    """What arrives on a topic for the keys of one test."""

    consumer: AIOKafkaConsumer
    keys: set[str]

    async def records(self, count: int, within: float = 20) -> list[ConsumerRecord[Any, Any]]:
        found: list[ConsumerRecord[Any, Any]] = []
        async with asyncio.timeout(within):
            while len(found) < count:
                for records in (await self.consumer.getmany(timeout_ms=100)).values():
                    found += [r for r in records if r.key and r.key.decode() in self.keys]
        return found

    async def versions(self, count: int, within: float = 20) -> list[tuple[str, int]]:
        return [
            (record.key.decode(), int(dict(record.headers)["ce_aggregateversion"]))
            for record in await self.records(count, within)
        ]


@pytest.fixture
async def tail(topics: KafkaSettings) -> AsyncIterator[Callable[[str, list[UUID]], Any]]:
    started: list[AIOKafkaConsumer] = []

    async def start(topic: str, keys: list[UUID]) -> Tail:
        consumer = AIOKafkaConsumer(topic, **topics.client_options(), auto_offset_reset="latest")
        await consumer.start()
        started.append(consumer)
        for partition in consumer.assignment():
            await consumer.position(partition)
        return Tail(consumer, {str(key) for key in keys})

    yield start
    for consumer in started:
        await consumer.stop()


async def until(condition: Callable[[], Any], within: float = 15) -> None:
    """Wait for a condition (plain or async); fail when it does not come."""
    async with asyncio.timeout(within):
        while True:
            outcome = condition()
            if inspect.isawaitable(outcome):
                outcome = await outcome
            if outcome:
                return
            await asyncio.sleep(0.02)


@pytest.fixture
def refused() -> set[str]:
    return set()


@pytest.fixture
def app(url: str, topics: KafkaSettings, refused: set[str]) -> FastAPI:
    settings = ServiceSettings(database_url=url, RAPPORT_JWT_KEY=KEY, kafka=topics)  # type: ignore[call-arg]
    return build_app(
        Service("contacts", "a test", [router], consumers=[owners_of(refused)]), settings
    )


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    """The app, served for real by a thread with a loop of its own."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        assert wait.until(lambda: server.started, seconds=15, every=0.05)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
async def client(address: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=address) as client:
        yield client
