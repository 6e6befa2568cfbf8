"""Kafka's own account of the system: what was published, what each consumer group has applied.

These are offsets, so they outlive any process: published is how many records stand on the topics
of `crm.`, applied is how many records Rapport's groups have carried through their transactions
(those that a group had seen before or has no use for included), lag is what lies between.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from aiokafka.errors import KafkaError
from shared.contracts import TOPICS
from shared.contracts.topic import PARTITIONS
from shared.settings import KafkaSettings

from devstack.demo.doors import OUTAGE_SECONDS, PAUSE_SECONDS
from devstack.demo.errors import NeverError

GROUPS = "rapport."
PUBLISHED = "crm."

Offsets: TypeAlias = Mapping[TopicPartition, int]


@dataclass(frozen=True)
class Group:
    """One consumer group: per topic that it reads, how many records it has gone through."""

    applied: Mapping[str, int]
    lag: Mapping[str, int]


@dataclass(frozen=True)
class Account:
    """The offsets of one moment."""

    ends: Mapping[str, int]
    groups: Mapping[str, Group]

    @property
    def published(self) -> int:
        return sum(end for topic, end in self.ends.items() if topic.startswith(PUBLISHED))

    @property
    def lag(self) -> int:
        return sum(sum(group.lag.values()) for group in self.groups.values())

    def applied(self, service: str = "") -> int:
        """What the groups of one service have gone through, or of all."""
        return sum(sum(group.applied.values()) for group in self._of(service))

    def waiting(self, service: str) -> int:
        """How many records a service has before it."""
        return sum(sum(group.lag.values()) for group in self._of(service))

    def applied_of(self, topic: str) -> int:
        """How many records of a topic its slowest group has gone through."""
        readers = [group.applied[topic] for group in self.groups.values() if topic in group.applied]
        return min(readers, default=0)

    def _of(self, service: str) -> list[Group]:
        prefix = f"{GROUPS}{service}." if service else GROUPS
        return [group for name, group in self.groups.items() if name.startswith(prefix)]


class GroupsInMotionError(Exception):
    """A group has no members, or is about to share its partitions out anew: no account now."""


class Accountant:
    """Takes accounts; survives the death of the broker that it asks.

    What a group reads is asked once, when all its members are there: it does not change later.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._admin: AIOKafkaAdminClient | None = None
        self._consumer: Any = None  # aiokafka annotates none of the offsets it gives
        self._subscriptions: dict[str, frozenset[str]] = {}
        self._begins: Offsets = {}
        self._turn = asyncio.Lock()  # several tasks of the demo watch at once

    async def account(self, *, seconds: float = OUTAGE_SECONDS) -> Account:
        """Take one account; waits for the broker, and for groups without members, so long."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                async with self._turn:
                    return await self._take_or_leave()
            except (KafkaError, OSError, GroupsInMotionError) as error:
                if time.monotonic() > deadline:
                    raise NeverError("Kafka gives its account", seconds, repr(error)) from error
            await asyncio.sleep(PAUSE_SECONDS)

    async def _take_or_leave(self) -> Account:
        """One account, or an error and no connection left that may be half dead."""
        try:
            return await self._take()
        except (KafkaError, OSError):
            await self.close()
            raise

    async def close(self) -> None:
        """Leave the broker; the next account calls it again."""
        admin, consumer = self._admin, self._consumer
        self._admin = self._consumer = None
        if consumer is not None:
            await consumer.stop()
        if admin is not None:
            await admin.close()

    async def _take(self) -> Account:
        admin, consumer = await self._clients()
        listed = await admin.list_consumer_groups()
        names = sorted(name for name, *_ in listed if name.startswith(GROUPS))
        for name in names:
            if name not in self._subscriptions:
                self._subscriptions[name] = await _subscription(admin, name)
        committed = {name: await admin.list_consumer_group_offsets(name) for name in names}
        partitions = [TopicPartition(topic, n) for topic in TOPICS for n in range(PARTITIONS)]
        self._begins = self._begins or await consumer.beginning_offsets(partitions)
        ends: Offsets = await consumer.end_offsets(partitions)
        groups = {
            name: _group(self._subscriptions[name], committed[name], self._begins, ends)
            for name in names
        }
        return Account(_by_topic(ends), groups)

    async def _clients(self) -> tuple[AIOKafkaAdminClient, Any]:
        if self._admin is None or self._consumer is None:
            options = self._kafka.client_options()
            self._admin = AIOKafkaAdminClient(**options, request_timeout_ms=10_000)
            self._consumer = AIOKafkaConsumer(**options, request_timeout_ms=10_000)
            await self._admin.start()
            await self._consumer.start()
        return self._admin, self._consumer


async def _subscription(admin: AIOKafkaAdminClient, name: str) -> frozenset[str]:
    """What one group reads; one by one, for aiokafka misreads an answer about several."""
    answer = (await admin.describe_consumer_groups([name]))[0].to_object()
    [group] = answer["groups"]
    if group["state"] != "Stable":
        raise GroupsInMotionError(f"{name} is {group['state']}")
    members = (
        ConsumerProtocolMemberMetadata.decode(member["member_metadata"])
        for member in group["members"]
    )
    return frozenset(topic for member in members for topic in member.subscription)


def _group(
    topics: frozenset[str],
    committed: Mapping[TopicPartition, Any],
    begins: Offsets,
    ends: Offsets,
) -> Group:
    read = {partition: end for partition, end in ends.items() if partition.topic in topics}
    applied = {
        partition: committed[partition].offset if partition in committed else begins[partition]
        for partition in read
    }
    lag = {partition: max(0, end - applied[partition]) for partition, end in read.items()}
    return Group(_by_topic(applied), _by_topic(lag))


def _by_topic(offsets: Offsets) -> dict[str, int]:
    totals: dict[str, int] = {}
    for partition, offset in offsets.items():
        totals[partition.topic] = totals.get(partition.topic, 0) + offset
    return totals
