"""Defaults of the libraries that would lose or reorder facts: each is pinned by what we set."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition, conn
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest
from fastapi import FastAPI
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from shared.contracts.contacts import CUSTOMER_EVENTS, CustomerOwnerChanged
from shared.db import Connection, Pool
from shared.ids import new_id
from shared.messaging.connections import CarefulConnection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer
from shared.messaging.relay import Relay
from shared.messaging.subscribing import Subscription, broker_for, subscribe
from shared.settings import KafkaSettings

from tests.integration.event_path.conftest import owner_changed, until
from tests.integration.event_path.shelves import is_ready
from tests.records import record_of

TOPIC = CUSTOMER_EVENTS.name


class Seen:
    """A consumer that notes what it handled, and fails while told to."""

    def __init__(self) -> None:
        self.owners: list[str] = []
        self.failing = False
        self.mine: set[UUID] = set()
        self.consumer = Consumer(f"contacts.trap-{new_id()}")

        @self.consumer.on_batch(CustomerOwnerChanged)
        async def on_owner(
            _: Connection, records: Sequence[Received[CustomerOwnerChanged]]
        ) -> None:
            if self.failing:
                raise ConnectionError("the database is down")
            for record in records:
                if record.event.customer_id in self.mine:
                    self.owners.append(record.event.to_owner_id)

    def customer(self) -> UUID:
        customer_id = new_id()
        self.mine.add(customer_id)
        return customer_id


@pytest.fixture
async def listening(pool: Pool, topics: KafkaSettings) -> AsyncIterator[Callable[[Seen], Any]]:
    started: list[KafkaBroker] = []

    async def start(seen: Seen) -> Subscription:
        broker = broker_for(topics, "contacts")
        subscription = subscribe(broker, seen.consumer, pool)
        started.append(broker)
        await broker.start()
        await until(lambda: subscription.assigned_partitions() == 12)
        return subscription

    yield start
    for broker in started:
        await broker.stop()


async def put(producer: AIOKafkaProducer, customer_id: UUID, owner: str, **overrides: Any) -> None:
    record = record_of(owner_changed(customer_id, owner), **overrides)
    await producer.send_and_wait(
        TOPIC, key=record.key, value=record.value, headers=list(record.headers)
    )


async def test_records_from_before_the_groups_first_start_are_not_skipped(
    producer: AIOKafkaProducer, listening: Callable[[Seen], Any]
) -> None:
    """The default `auto_offset_reset="latest"` would."""
    seen = Seen()
    await put(producer, seen.customer(), "early")
    await listening(seen)
    await until(lambda: seen.owners == ["early"])


async def test_an_idle_consumer_waits_for_records_and_does_not_sleep(
    producer: AIOKafkaProducer, topics: KafkaSettings, pool: Pool
) -> None:
    """FastStream would sleep blindly after each empty poll; ours does not end before a record."""
    broker = broker_for(topics, "contacts")
    subscribe(broker, Seen().consumer, pool)
    build: Any = await broker.connect()
    consumer = build(auto_offset_reset="latest")
    consumer.subscribe([TOPIC])
    await consumer.start()
    try:
        await consumer.seek_to_end()
        waiting = asyncio.create_task(consumer.getmany(timeout_ms=1, max_records=10))
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done
        await put(producer, new_id(), "at last")
        assert any((await waiting).values())
    finally:
        await consumer.stop()
        await broker.stop()


async def test_a_batch_that_failed_is_handed_out_again(
    producer: AIOKafkaProducer,
    listening: Callable[[Seen], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`ACK_FIRST` (the default), `ACK` and `REJECT_ON_ERROR` commit it."""
    monkeypatch.setattr("shared.messaging.consuming.RETRY_FOR", 0)
    seen = Seen()
    seen.failing = True
    subscription = await listening(seen)
    await put(producer, seen.customer(), "again")
    await until(lambda: subscription.progress.in_flight > 0)
    assert await committed(subscription) <= 0
    seen.failing = False
    await until(lambda: seen.owners == ["again"])


async def committed(subscription: Subscription) -> int:
    """How many of our record's offsets the group has committed beyond the failed one."""
    running: Any = subscription.subscriber.consumer
    behind = 0
    for partition in running.assignment():
        end = (await running.end_offsets([partition]))[partition]
        done = await running.committed(partition) or 0
        behind = max(behind, end - done)
    return 0 if behind else 1


async def test_an_offset_is_committed_only_after_the_effect(
    producer: AIOKafkaProducer, listening: Callable[[Seen], Any]
) -> None:
    seen = Seen()
    subscription = await listening(seen)
    await put(producer, seen.customer(), "done")
    await until(lambda: seen.owners == ["done"])
    await until(lambda: committed(subscription))


@pytest.mark.parametrize("bad", [None, b"\xff\xfe"])
async def test_a_header_that_the_librarys_parser_chokes_on_is_parked_and_not_lost(
    producer: AIOKafkaProducer, listening: Callable[[Seen], Any], pool: Pool, bad: bytes | None
) -> None:
    """The library decodes every header first; one that fails skips and commits its whole batch."""
    seen = Seen()
    await listening(seen)
    poisoned, healthy = seen.customer(), seen.customer()
    record = record_of(owner_changed(poisoned, "poison"))
    await producer.send_and_wait(
        TOPIC, key=record.key, value=record.value, headers=[*record.headers, ("x", bad)]
    )
    await put(producer, healthy, "healthy")
    await until(lambda: seen.owners == ["healthy"])
    await until(
        lambda: pool.fetchval(
            "SELECT EXISTS (SELECT FROM parked_keys WHERE key = $1)", str(poisoned)
        )
    )


async def test_a_reply_to_header_makes_nobody_publish_a_reply(
    producer: AIOKafkaProducer, listening: Callable[[Seen], Any], topics: KafkaSettings
) -> None:
    """The library answers to whatever topic a record names, unless told not to."""
    seen = Seen()
    await listening(seen)
    before = await size_of(topics, "crm.contacts.dlq.v1")
    record = record_of(owner_changed(seen.customer(), "reply"))
    headers = [*record.headers, ("reply_to", b"crm.contacts.dlq.v1")]
    await producer.send_and_wait(TOPIC, key=record.key, value=record.value, headers=headers)
    await until(lambda: seen.owners == ["reply"])
    assert await size_of(topics, "crm.contacts.dlq.v1") == before


async def test_starting_a_consumer_creates_no_topic(topics: KafkaSettings) -> None:
    """The default creates what is missing, with one partition and the broker's retention."""
    broker = broker_for(topics, "contacts")
    subscriber = broker.subscriber("crm.nobody.declared.this.v1", group_id="rapport.nobody")
    subscriber(lambda _message: None)
    starting = asyncio.create_task(broker.start())
    await asyncio.wait([starting], timeout=1)
    admin = AIOKafkaAdminClient(**topics.client_options())
    await admin.start()
    try:
        assert "crm.nobody.declared.this.v1" not in await admin.list_topics()
    finally:
        await admin.close()
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await broker.stop()


async def test_the_relay_sends_with_an_idempotent_producer(
    url: str, topics: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default `enable_idempotence=False` may repeat and reorder within a partition."""
    made: list[dict[str, Any]] = []
    original = AIOKafkaProducer.__init__

    def noting(self: AIOKafkaProducer, **options: Any) -> None:
        made.append(options)
        original(self, **options)

    monkeypatch.setattr(AIOKafkaProducer, "__init__", noting)
    relay = Relay("contacts", url, topics.client_options())
    task = asyncio.create_task(relay.run())
    await until(lambda: made)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert made[0]["enable_idempotence"] is True
    assert made[0]["acks"] == "all"


def test_the_subscriber_never_handles_two_batches_at_once(topics: KafkaSettings) -> None:
    """`max_workers` above 1 commits past batches that still run; a batch subscriber has none."""
    subscription = subscribe(broker_for(topics, "contacts"), Seen().consumer, None)  # type: ignore[arg-type]
    assert subscription.subscriber.ack_policy is AckPolicy.NACK_ON_ERROR
    assert not hasattr(subscription.subscriber, "max_workers")


@pytest.mark.parametrize(
    ("connection", "error"),
    [(CarefulConnection.__base__, RuntimeError), (CarefulConnection, KafkaConnectionError)],
    ids=["the library's", "ours"],
)
def test_a_send_on_a_closed_transport_is_an_error_of_the_connection(
    kafka_settings: KafkaSettings, connection: Any, error: type[Exception]
) -> None:
    """On uvloop it is RuntimeError, for which the library is not prepared anywhere."""

    async def send() -> None:
        host, _, port = kafka_settings.bootstrap_servers.partition(":")
        opened = connection(host, int(port))
        _, writer = await opened.connect()
        writer.transport.abort()
        await asyncio.sleep(0)  # the turn that closes it; the library hears of it in the next
        try:
            await opened.send(MetadataRequest([]))
        finally:
            await opened.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner, pytest.raises(error):
        runner.run(send())


def test_every_client_connects_so(kafka_settings: KafkaSettings) -> None:
    """The options that no client can do without see to it."""
    kafka_settings.client_options()
    assert conn.AIOKafkaConnection is CarefulConnection


@pytest.fixture
async def told_to_end() -> AsyncIterator[asyncio.Event]:
    """Set where something would have this process end, which goes on here."""
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, told.set)
    yield told
    loop.remove_signal_handler(signal.SIGTERM)


async def test_a_consumer_whose_coordination_ended_ends_the_process(
    told_to_end: asyncio.Event,
    client: httpx.AsyncClient,
    app: FastAPI,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The library begins it no more: it answers each poll with an error, and FastStream asks on."""
    await until(lambda: is_ready(client))
    [subscription] = app.state.runtime.subscriptions
    loop = subscription.upkeep()[0].get_loop()
    coordinator = subscription.subscriber.consumer._coordinator  # noqa: SLF001 -- to lose it
    with monkeypatch.context() as broken:
        broken.setattr(AIOKafkaClient, "coordinator_lookup", closed_handler)
        loop.call_soon_threadsafe(coordinator.coordinator_dead)
        await until(told_to_end.is_set)
    answers = [await client.get(f"/health/{kind}") for kind in ("live", "ready")]
    assert [answer.status_code for answer in answers] == [503, 503]
    [reason] = answers[1].json()["reasons"]
    assert reason.startswith(f"{subscription.consumer.name} is lost")
    assert "the handler is closed" in reason


async def closed_handler(*_: object, **__: object) -> None:
    """What the library's connection does on uvloop."""
    raise RuntimeError("unable to perform operation; the handler is closed")


async def size_of(kafka: KafkaSettings, topic: str) -> int:
    consumer = AIOKafkaConsumer(**kafka.client_options())
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(12)]
        return sum((await consumer.end_offsets(partitions)).values())
    finally:
        await consumer.stop()
