"""The demo's log: real customer history, imported and ordered through the real services once."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from devstack.demo.accounts import Accountant
from devstack.demo.customers import import_customers
from devstack.demo.doors import Addresses, Doors
from devstack.demo.gauges import outbox_pending
from devstack.demo.orders import publish_orders
from devstack.demo.purchases import Purchase, read_purchases
from devstack.services import SERVICES
from shared.contracts.contacts import CUSTOMER_EVENTS, CUSTOMER_STATE
from shared.contracts.pipeline import ORDER_EVENTS
from shared.contracts.topic import PARTITIONS

from devstack import ephemeral
from rig import report
from rig.servers import Servers

TOPICS = (CUSTOMER_EVENTS.name, CUSTOMER_STATE.name, ORDER_EVENTS.name)
"""What customer-360 reads of it; its other topics stay empty."""

CUSTOMERS = 23_570
QUICK_CUSTOMERS = 300
SECONDS_TO_REST = 600.0
_PUBLISHERS = ("contacts", "pipeline")


@dataclass(frozen=True)
class Log:
    """What stands on the topics: so many records, so many on each partition.

    `versions` is the sum of the newest versions of every key of every topic: what a table of rows
    that are guarded by their version comes to when nothing is missing.
    """

    records: int
    ends: dict[TopicPartition, int]
    versions: int


async def record(servers: Servers, customers: int) -> Log:
    """Run the purchases of so many customers of the data set through contacts and pipeline.

    The two services are gone afterwards; their facts stay on the topics of `servers`.
    """
    purchases = of_first(customers, read_purchases())
    report.step(f"recording the history of {customers:,} customers, {len(purchases):,} orders")
    async with _publishers(servers) as doors:
        refs = {purchase.customer_ref for purchase in purchases}
        importer = doors.caller("bench", "integration")
        await import_customers(doors, importer, refs, lambda _: None)
        await publish_orders(servers.kafka, purchases, lambda _: None)
        await _rest(doors, servers)
    log = await _measured(servers)
    report.step(f"recorded {log.records:,} records")
    return log


def of_first(customers: int, purchases: list[Purchase]) -> list[Purchase]:
    wanted = set(sorted({purchase.customer_ref for purchase in purchases})[:customers])
    return [purchase for purchase in purchases if purchase.customer_ref in wanted]


@asynccontextmanager
async def _publishers(servers: Servers) -> AsyncGenerator[Doors]:
    urls = {service.url_variable: "postgresql:///" for service in SERVICES}
    for name in _PUBLISHERS:
        urls[f"{name.upper()}_DATABASE_URL"] = await servers.database(name)
    kafka = {
        "KAFKA_BOOTSTRAP_SERVERS": servers.stack.bootstrap,
        "KAFKA_REPLICATION_FACTOR": "1",
    }
    chosen = [service for service in SERVICES if service.name in _PUBLISHERS]
    folder = servers.folder / "publishers"
    with ephemeral.system(folder, services=chosen, environment={**urls, **kafka}) as stack:
        addresses = Addresses.of_environment(stack.environment)
        async with httpx.AsyncClient(timeout=60) as http:
            yield Doors(http, addresses, stack.environment["RAPPORT_JWT_KEY"])


async def _rest(doors: Doors, servers: Servers) -> None:
    """Wait until the two have nothing to read and nothing to publish, twice in a row."""
    accountant = Accountant(servers.kafka)
    deadline = time.monotonic() + SECONDS_TO_REST
    ends: object = None
    try:
        while time.monotonic() < deadline:
            account = await accountant.account()
            pending = sum([await outbox_pending(doors, name) for name in _PUBLISHERS])
            is_quiet = account.lag == 0 and pending == 0
            if is_quiet and ends == account.ends:
                return
            ends = account.ends if is_quiet else None
            await asyncio.sleep(0.3)
    finally:
        await accountant.close()
    raise TimeoutError("contacts and pipeline did not come to rest")


async def _measured(servers: Servers) -> Log:
    consumer = AIOKafkaConsumer(**servers.kafka.client_options(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = [TopicPartition(topic, n) for topic in TOPICS for n in range(PARTITIONS)]
        consumer.assign(places)
        ends: dict[TopicPartition, int] = await consumer.end_offsets(places)
        records = sum(ends.values())
        return Log(records, ends, await _versions(consumer, records))
    finally:
        await consumer.stop()


async def _versions(consumer: AIOKafkaConsumer, records: int) -> int:
    newest: dict[tuple[str, bytes], int] = {}
    seen = 0
    while seen < records:
        found = await consumer.getmany(timeout_ms=1000, max_records=5000)
        for record in (record for batch in found.values() for record in batch):
            version = int(dict(record.headers)["ce_aggregateversion"])
            key = record.topic, record.key
            newest[key] = max(version, newest.get(key, 0))
            seen += 1
    return sum(newest.values())


async def rewind(servers: Servers, groups: list[str], log: Log) -> None:
    """Let these groups, which nobody is a member of any more, begin at the beginning again."""
    for group in groups:
        consumer = AIOKafkaConsumer(
            **servers.kafka.client_options(), group_id=group, enable_auto_commit=False
        )
        await consumer.start()
        try:
            consumer.assign(list(log.ends))
            await consumer.commit(dict.fromkeys(log.ends, 0))
        finally:
            await consumer.stop()
