"""The rebuild of customer-360 from 1,000,000 events, against the same from 100,000.

Real facts on the topics of a real Kafka, and two durable databases of customer-360: one whose live
projection has read the first tenth, one whose live projection has read all. Each rebuild runs in a
process of its own, beginning with empty tables, until it has caught up; its memory is sampled ten
times a second. Ours and the peer are the same code: the ratio says whether the cost per event grows
with their number. Before the runs the live projections are themselves made by a rebuild and its
switch, so the last comparison of each run is with a full projection.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from customer_360.consumers import consumers
from customer_360.profiles.pressure import Pressure
from rig import report
from rig.figures import Aim, Figure, Pair
from rig.options import Options
from rig.published import publish_history
from rig.row import Measured, run
from rig.servers import Servers, durable_servers
from rig.turns import alternate
from shared.contracts.topic import PARTITIONS

EVENTS, QUICK_EVENTS = 1_000_000, 8_000
TENTH = 10
KEY = "a-key-of-the-benchmark-that-is-long-enough"
BUILDING = Path(__file__).parent / "peers" / "building.py"

_HAS_READ = """
INSERT INTO consumer_positions (consumer, topic, partition, next_offset, recorded_at)
VALUES ($1, $2, $3, $4, now())
"""


@dataclass
class Live:
    """A database of customer-360 whose live projection has read so many events."""

    environment: Mapping[str, str]
    events: int
    peaks: list[float]
    early: list[float]

    async def rebuild(self, *, switch: bool = False) -> float:
        """Rebuild it; gives events per second."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(BUILDING), *(["--switch"] if switch else [])),
            env={**os.environ, **self.environment},
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise RuntimeError(f"the rebuild ended with {process.returncode}")
        said: dict[str, Any] = json.loads(output)
        self.peaks.append(said["peak_mb"])
        self.early.append(said["early_mb"])
        return self.events / float(said["seconds"])


async def _live(servers: Servers, name: str, events: int) -> Live:
    """What is on the topics by now has been read by the live projection of this database."""
    url = await servers.database(name, "customer_360")
    connection = await asyncpg.connect(url)
    async with AIOKafkaConsumer(**servers.kafka.client_options()) as reader:
        for consumer in consumers(KEY, Pressure(full_batch=1)):
            parts = [
                TopicPartition(topic.name, number)
                for topic in consumer.topics
                for number in range(PARTITIONS)
            ]
            for part, end in (await reader.end_offsets(parts)).items():
                await connection.execute(_HAS_READ, consumer.name, part.topic, part.partition, end)
    await connection.close()
    environment = {
        "CUSTOMER_360_DATABASE_URL": url,
        "RAPPORT_JWT_KEY": KEY,
        "RAPPORT_HASH_KEY": KEY,
        "KAFKA_BOOTSTRAP_SERVERS": servers.kafka.bootstrap_servers,
    }
    return Live(environment, events, [], [])


async def measure(options: Options) -> Measured:
    events = options.pick(EVENTS, QUICK_EVENTS)
    async with AsyncExitStack() as stack:
        servers = stack.enter_context(durable_servers())
        await servers.provision_topics()
        few = await _with_history(servers, "few", 0, events // TENTH)
        many = await _with_history(servers, "many", events // TENTH, events)
        for live in (few, many):
            rate = await live.rebuild(switch=True)
            report.step(f"made the live projection of {live.events:,} events at {rate:,.0f}/s")
            live.peaks.clear()
            live.early.clear()

        async def of(live: Live) -> float:
            await servers.checkpoint()
            return await live.rebuild()

        pairs = await alternate(options.runs, lambda _: of(many), lambda _: of(few), warm_up=False)
    return _measured(pairs, few, many)


async def _with_history(servers: Servers, name: str, before: int, events: int) -> Live:
    report.step(f"publishing {events - before:,} events")
    await publish_history(servers.kafka, events - before)
    return await _live(servers, name, events)


def _measured(pairs: list[Pair], few: Live, many: Live) -> Measured:
    peer = f"itself at {few.events:,}"
    memory = [Pair(*both) for both in zip(many.peaks, few.peaks, strict=True)]
    flat = [Pair(*both) for both in zip(many.peaks, many.early, strict=True)]
    figures = [
        Figure("rebuild", "events/s", pairs, peer, Aim(0.8)),
        Figure("rebuild.peak", "MB", memory, peer, Aim(1.2, "at most")),
        Figure("rebuild.memory", "MB", flat, "itself after a tenth", Aim(1.2, "at most")),
    ]
    return Measured(figures, [f"{many.events:,} events; memory is the process's resident set."])


if __name__ == "__main__":
    run("rebuild: customer-360 from the topics", __doc__, measure)
