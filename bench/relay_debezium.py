"""The relay empties an outbox beside Debezium, which reads the same rows from PostgreSQL's log.

Ours is a process that runs the relay; the peer is Debezium's PostgreSQL connector with its outbox
event router in Kafka Connect standalone (peers/debezium.py). Both have an outbox table of the same
definition in a database of their own on the same server with wal_level=logical, and publish to the
same topics of the same broker. In a run each first stands still (the relay waits for its lock, the
connector is stopped), the rows are committed in transactions of a few thousand, then it is let go;
the time is that from the first to the last record that can be read on the topics. So neither pays
for its start. Debezium's rows stay in their table, where ours are deleted, as part of the time.
"""

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from devstack.errors import DevstackError
from peers import debezium
from rig import report
from rig.facts import fill_outbox
from rig.figures import Aim, Figure
from rig.options import Options
from rig.processes import running
from rig.row import Measured, run
from rig.servers import Servers, durable_servers
from rig.turns import alternate
from shared.contracts.contacts import CUSTOMER_EVENTS, CUSTOMER_STATE
from shared.contracts.pipeline import DEAL_EVENTS, ORDER_EVENTS
from shared.contracts.topic import PARTITIONS
from shared.migrate import EVENT_PATH

ROWS = 100_000
QUICK_ROWS = 4_000
SECONDS = 300.0
EVERY = 0.005
TOPICS = (CUSTOMER_EVENTS, CUSTOMER_STATE, DEAL_EVENTS, ORDER_EVENTS)

_HOLD = "SELECT pg_advisory_lock(hashtextextended('rapport.relay', 0))"
_RELEASE = "SELECT pg_advisory_unlock(hashtextextended('rapport.relay', 0))"
_END_LEADER = """
SELECT pg_terminate_backend(pid) FROM pg_locks
WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class Topics:
    """How many records stand on the topics of the mix."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._places = [TopicPartition(each.name, n) for each in TOPICS for n in range(PARTITIONS)]

    @classmethod
    @asynccontextmanager
    async def of(cls, servers: Servers) -> AsyncGenerator["Topics"]:
        consumer = AIOKafkaConsumer(**servers.kafka.client_options())
        await consumer.start()
        try:
            yield cls(consumer)
        finally:
            await consumer.stop()

    async def count(self) -> int:
        return sum((await self._consumer.end_offsets(self._places)).values())

    async def rate(self, rows: int, let_go: Callable[[], Awaitable[None]]) -> float:
        """Records a second from the first that appears to the last of `rows`."""
        before = await self.count()
        await let_go()
        first = await self._until(before + 1)
        last = await self._until(before + rows)
        return (before + rows - first[1]) / (last[0] - first[0])

    async def _until(self, wanted: int) -> tuple[float, int]:
        deadline = time.monotonic() + SECONDS
        while (seen := await self.count()) < wanted:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{seen} of {wanted} records after {SECONDS:.0f} s")
            await asyncio.sleep(EVERY)
        return time.perf_counter(), seen


async def measure(options: Options) -> Measured:
    try:
        debezium.fetch(report.console)
    except DevstackError as error:
        return Measured([], [f"Not measured here: {error}"])
    with durable_servers() as servers:
        await servers.execute("ALTER SYSTEM SET wal_level = 'logical'")
        await asyncio.to_thread(servers.stack.restart, "postgres")
        await servers.provision_topics()
        return await _measure(options, servers)


async def _measure(options: Options, servers: Servers) -> Measured:
    rows = options.pick(ROWS, QUICK_ROWS)
    relayed = await servers.database("relayed", EVENT_PATH)
    await servers.database("captured", EVENT_PATH)
    captured = servers.stack.postgres.url.rsplit("/", 1)[0] + "/captured"  # its owner may replicate
    relay = [sys.executable, "-m", "rig.relaying", relayed, servers.stack.bootstrap]
    mine, its = await asyncpg.connect(relayed), await asyncpg.connect(captured)
    libraries = debezium.fetch(report.console)
    async with (
        Topics.of(servers) as topics,
        running(relay, {}, servers.folder / "relay.log"),
        debezium.connected(servers, captured, libraries) as connect,
    ):
        await connect.stop()

        async def ours(_: int) -> float:
            await mine.execute(_END_LEADER)
            await mine.execute(_HOLD)
            await fill_outbox(mine, rows)
            await servers.checkpoint()
            return await topics.rate(rows, lambda: mine.execute(_RELEASE))

        async def peer(_: int) -> float:
            await fill_outbox(its, rows)
            await servers.checkpoint()
            rate = await topics.rate(rows, connect.resume)
            await connect.stop()
            return rate

        pairs = await alternate(options.runs, ours, peer)
    figure = Figure("relay_debezium", "facts/s", pairs, "Debezium outbox router", Aim(2))
    return Measured([figure], [f"{rows:,} facts a run, from the first to the last on the topics."])


if __name__ == "__main__":
    run("relay_debezium: the relay beside Debezium", __doc__, measure)
