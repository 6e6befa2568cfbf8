"""Kafka made to compact now what it would compact in a day or two, and back again."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from devstack.stack import Stack
from shared.contracts import SERVICES, TOPICS
from shared.contracts.topic import PARTITIONS
from shared.db import Pool, open_pool
from shared.messaging.closing import Closing
from shared.messaging.partitions import key_of_nobody
from shared.messaging.topics import config_of
from shared.settings import KafkaSettings

LAG = timedelta(seconds=1)
_SOON = {
    "min.compaction.lag.ms": "0",
    "max.compaction.lag.ms": str(LAG // timedelta(milliseconds=1)),
}
_CLEANER = {"log.cleaner.backoff.ms": "500"}
_COMPACTED = [topic for topic in TOPICS.values() if topic.cleanup == "compact"]


@asynccontextmanager
async def compacting_soon(kafka: KafkaSettings) -> AsyncIterator[None]:
    """Let every compacted topic be cleaned a second after its segment is closed."""
    admin = AIOKafkaAdminClient(**kafka.client_options())
    await admin.start()
    try:
        brokers = [str(each["node_id"]) for each in (await admin.describe_cluster())["brokers"]]
        await _set(admin, brokers, _CLEANER, _SOON)
        try:
            yield
        finally:
            await _set(admin, brokers, {}, {})
    finally:
        await admin.close()


async def close_silent(system: Stack, kafka: KafkaSettings) -> None:
    """What each service does about its silent partitions each hour; a second is long enough."""
    for service in SERVICES:
        closing = Closing(service, kafka.client_options(), silent_for=LAG)
        if closing.topics:
            async with _database(system, service) as pool:
                await closing.work(pool)


async def parked_ends(system: Stack) -> int:
    """How many of the records that closed a partition some consumer could not take."""
    keys = [key_of_nobody(each.name, n) for each in _COMPACTED for n in range(PARTITIONS)]
    parked = 0
    for service in SERVICES:
        async with _database(system, service) as pool:
            parked += await pool.fetchval(
                "SELECT count(*) FROM parked_events WHERE key = ANY($1::text[])", keys
            )
    return parked


@asynccontextmanager
async def _database(system: Stack, service: str) -> AsyncIterator[Pool]:
    variable = f"{service.replace('-', '_').upper()}_DATABASE_URL"
    pool = await open_pool(system.settings.values[variable], max_size=1)
    try:
        yield pool
    finally:
        await pool.close()


async def _set(
    admin: AIOKafkaAdminClient,
    brokers: list[str],
    of_broker: Mapping[str, str],
    of_topics: Mapping[str, str],
) -> None:
    """Replace what is set on the brokers, and on each topic beside the registry's settings."""
    topics = [
        ConfigResource(ConfigResourceType.TOPIC, each.name, {**config_of(each), **of_topics})
        for each in _COMPACTED
    ]
    ours = [ConfigResource(ConfigResourceType.BROKER, each, dict(of_broker)) for each in brokers]
    answers: list[Any] = await admin.alter_configs([*topics, *ours])
    refused = [one for answer in answers for one in answer.resources if one[0]]
    assert not refused, refused
