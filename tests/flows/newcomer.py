"""A newcomer: knows the topics' names, plain Kafka and JSON, and nothing of our code.

It builds the current state from the state topics alone, then follows them and the events.
"""

import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

AGGREGATES = {
    "crm.contacts.customer": "customer_id",
    "crm.contacts.contact": "contact_id",
    "crm.pipeline.deal": "deal_id",
    "crm.pipeline.order": "order_id",
    "crm.service-desk.ticket": "ticket_id",
    "crm.campaigns.campaign": "campaign_id",
    "crm.customer-360.profile": "customer_id",
}
PROFILE = "crm.customer-360.profile"
PARTITIONS = range(12)

Body = dict[str, Any]


@dataclass
class Newcomer:
    """What it knows: (version, body) by aggregate and key, what is erased, what happened since."""

    consumer: AIOKafkaConsumer
    state: dict[str, dict[str, tuple[int, Body]]] = field(
        default_factory=lambda: {name: {} for name in AGGREGATES}
    )
    erased: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    happened: dict[tuple[str, str], list[int]] = field(
        default_factory=lambda: defaultdict(list[int])
    )

    async def read_on(self) -> int:
        """Read to where the topics end now; answers how many records that were."""
        ends = await self.consumer.end_offsets(list(self.consumer.assignment()))
        count = 0
        while any([await self.consumer.position(p) < end for p, end in ends.items()]):
            for records in (await self.consumer.getmany(timeout_ms=200)).values():
                count += len(records)
                for record in records:
                    self._take(record)
        return count

    def _take(self, record: ConsumerRecord[bytes, bytes | None]) -> None:
        headers = {name: value.decode() for name, value in record.headers}
        name, _, kind = record.topic.removesuffix(".v1").rpartition(".")
        key, version = record.key.decode(), int(headers["ce_aggregateversion"])
        if kind == "events":
            self.happened[name, key].append(version)
        elif record.value is None:
            self.state[name].pop(key, None)
            self.erased.add((name, key))
        elif version >= self.state[name].get(key, (0, {}))[0]:
            self.state[name][key] = version, json.loads(record.value)


@asynccontextmanager
async def arriving(bootstrap: str) -> AsyncIterator[Newcomer]:
    """Note where the events end, and stand at the beginning of all states."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    kinds = {
        kind: [
            TopicPartition(f"{name}.{kind}.v1", number)
            for name in AGGREGATES
            if (name, kind) != (PROFILE, "events")
            for number in PARTITIONS
        ]
        for kind in ("events", "state")
    }
    consumer.assign([*kinds["events"], *kinds["state"]])
    await consumer.start()
    try:
        for partition, end in (await consumer.end_offsets(kinds["events"])).items():
            consumer.seek(partition, end)
        yield Newcomer(consumer)
    finally:
        await consumer.stop()
