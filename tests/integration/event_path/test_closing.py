"""A silent partition gets one more record, so that Kafka closes the segment and can clean it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from shared.contracts import TOPICS
from shared.contracts.contacts import HOUSEHOLD_STATE
from shared.contracts.customer_360 import PROFILE_STATE
from shared.contracts.service_desk import TICKET_STATE
from shared.contracts.topic import PARTITIONS
from shared.db import Pool
from shared.ids import new_id
from shared.messaging.closing import EVERY, Closing
from shared.messaging.looking import Found, look
from shared.messaging.partitions import key_of_nobody, partition_of
from shared.messaging.resyncs import Asked
from shared.messaging.topics import COMPACTED_AFTER, config_of
from shared.settings import KafkaSettings

from tests.integration.event_path.conftest import until
from tests.integration.event_path.test_relay import relaying
from tests.records import tombstone_of

TOPIC = HOUSEHOLD_STATE.name
TailFactory = Callable[[str, list[UUID]], Any]


@pytest.fixture
def closing(topics: KafkaSettings) -> Closing:
    return Closing("contacts", topics.client_options())


async def _write(producer: AIOKafkaProducer, partition: int, ago: timedelta) -> None:
    record = tombstone_of(HOUSEHOLD_STATE, f"of-{partition}", 1)
    await producer.send_and_wait(
        TOPIC,
        key=record.key,
        value=record.value,
        partition=partition,
        headers=list(record.headers),
        timestamp_ms=int((datetime.now(UTC) - ago).timestamp() * 1000),
    )


async def _waiting(pool: Pool) -> list[asyncpg.Record]:
    rows = await pool.fetch("SELECT topic, key, version, payload FROM outbox ORDER BY id")
    return [row for row in rows if row["topic"] == TOPIC]


async def _is_published(pool: Pool) -> bool:
    return not await pool.fetchval("SELECT count(*) FROM outbox")


def test_a_key_of_nobody_is_on_its_partition() -> None:
    keys = [key_of_nobody(TOPIC, partition) for partition in range(PARTITIONS)]
    assert [partition_of(key.encode(), PARTITIONS) for key in keys] == list(range(PARTITIONS))


def test_a_service_closes_its_own_topics_that_tell_of_people(closing: Closing) -> None:
    assert TOPIC in closing.topics
    assert TICKET_STATE.name not in closing.topics
    assert Closing("customer-360", {}).topics == [PROFILE_STATE.name]
    assert Closing("webhooks", {}).topics == []


async def test_a_partition_that_was_silent_for_too_long_gets_the_end_of_a_key_of_nobody(
    url: str,
    pool: Pool,
    topics: KafkaSettings,
    producer: AIOKafkaProducer,
    closing: Closing,
    tail: TailFactory,
) -> None:
    key = key_of_nobody(TOPIC, 3)
    await _write(producer, 3, timedelta(days=2))
    arrivals = await tail(TOPIC, [UUID(key)])
    assert await closing.work(pool)
    (row,) = [row for row in await _waiting(pool) if row["key"] == key]
    assert row["payload"] is None
    async with relaying(url, topics):
        (record,) = await arrivals.records(1)
        await until(lambda: _is_published(pool))
    assert (record.partition, record.offset, record.value) == (3, row["version"], None)


async def test_one_that_was_closed_and_one_that_is_written_to_stay_as_they_are(
    url: str, pool: Pool, topics: KafkaSettings, producer: AIOKafkaProducer, closing: Closing
) -> None:
    await _write(producer, 4, timedelta(days=2))
    await _write(producer, 5, timedelta(hours=23))
    assert await closing.work(pool)
    assert key_of_nobody(TOPIC, 5) not in {row["key"] for row in await _waiting(pool)}
    assert not await closing.work(pool)  # another process has done the same just before
    async with relaying(url, topics):
        await until(lambda: _is_published(pool))
    assert not await closing.work(pool)
    assert await _waiting(pool) == []


async def test_a_running_service_does_it_by_itself(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    pool: Pool,
    producer: AIOKafkaProducer,
    tail: TailFactory,
) -> None:
    await _write(producer, 7, timedelta(days=2))
    arrivals = await tail(TOPIC, [UUID(key_of_nobody(TOPIC, 7))])
    monkeypatch.setattr("shared.messaging.closing.FIRST_AFTER", timedelta(0))
    request.getfixturevalue("address")  # starts the service
    (record,) = await arrivals.records(1)
    assert record.partition == 7
    await until(lambda: _is_published(pool))


async def test_a_resync_by_time_does_not_take_the_key_for_a_record_that_is_missing(
    url: str, pool: Pool, topics: KafkaSettings, producer: AIOKafkaProducer, closing: Closing
) -> None:
    since = datetime.now(UTC)
    await _write(producer, 6, timedelta(days=2))
    assert await closing.work(pool)
    async with relaying(url, topics):
        await until(lambda: _is_published(pool))
    real = new_id()
    record = tombstone_of(HOUSEHOLD_STATE, str(real), 1)
    await producer.send_and_wait(TOPIC, key=record.key, partition=6, headers=list(record.headers))
    asked = Asked(("household",), "time", 100, changed_since=since)
    found = await look("contacts", closing.options, asked, None)
    while not found.is_done:
        later = await look("contacts", closing.options, asked, found.places)
        found = Found(later.places, {**found.ids, **later.ids})
    assert real in found.ids["household"]
    assert UUID(key_of_nobody(TOPIC, 6)) not in found.ids["household"]


def test_what_was_erased_has_left_the_log_within_the_time_that_a_request_has() -> None:
    told = [topic for topic in TOPICS.values() if topic.cleanup == "compact"]
    lags = {config_of(topic)["max.compaction.lag.ms"] for topic in told}
    assert lags == {str(COMPACTED_AFTER // timedelta(milliseconds=1))}
    assert 2 * COMPACTED_AFTER + EVERY + timedelta(hours=1) <= timedelta(hours=50)
