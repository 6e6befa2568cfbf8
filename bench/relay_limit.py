"""How fast the relay empties an outbox, against the limit: the same producer sending from memory.

    make bench            or    .venv/bin/python bench/relay_limit.py [ROWS] [RUNS]

Real PostgreSQL and real Kafka, started for the benchmark. Each run fills an outbox with real facts,
drains it with the relay's own function, then sends the same payloads from memory with a producer
of the same settings. Prints both rates (median and spread) and their ratio.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from rich.console import Console
from rich.progress import track
from rich.table import Table
from shared.cause import Cause
from shared.contracts.contacts import CustomerOwnerChanged
from shared.ids import new_id
from shared.messaging.outbox import Fact, append
from shared.messaging.publishing import READ, Publisher, record_of
from shared.messaging.relay import producing
from shared.messaging.topics import provision_topics
from shared.migrate import EVENT_PATH, migrate
from shared.settings import KafkaSettings
from shared.telemetry import new_trace

from devstack import ephemeral

ROWS = 50_000
RUNS = 3
CHUNK = 5_000


async def fill(connection: Any, rows: int) -> None:
    """Put `rows` facts of as many customers into the outbox."""
    cause = Cause("user:bench", datetime.now(UTC), str(new_id()), new_trace())
    for _ in range(0, rows, CHUNK):
        facts = [
            Fact(CustomerOwnerChanged(customer_id=new_id(), to_owner_id="a", reason_code="b"), 1)
            for _ in range(CHUNK)
        ]
        async with connection.transaction():
            await append(connection, cause, facts)


async def drain(connection: Any, producer: AIOKafkaProducer, rows: int) -> float:
    """Rows a second through the relay's read, send and delete."""
    started = time.perf_counter()
    publisher = Publisher(connection, producer)
    while await publisher.publish():
        pass
    return rows / (time.perf_counter() - started)


def as_send_takes_it(row: Any) -> dict[str, Any]:
    record = record_of(row)
    del record["timestamp"]
    return {"topic": row["topic"], **record}


async def send_from_memory(producer: AIOKafkaProducer, records: list[dict[str, Any]]) -> float:
    """Records a second of the producer alone, in batches of the relay's size."""
    started = time.perf_counter()
    for first in range(0, len(records), 1000):
        batch = records[first : first + 1000]
        await asyncio.gather(*[await producer.send(**record) for record in batch])
    return len(records) / (time.perf_counter() - started)


async def measure(bootstrap: str, url: str, rows: int, runs: int) -> list[tuple[float, float]]:
    kafka = KafkaSettings(bootstrap_servers=bootstrap, replication_factor=1)
    await provision_topics(kafka)
    await migrate(url, EVENT_PATH)
    connection = await asyncpg.connect(url)
    results: list[tuple[float, float]] = []
    async with producing("bench", kafka.client_options()) as producer:
        for _ in track(range(runs), description="Measuring", transient=True):
            await fill(connection, rows)
            stored = await connection.fetch(READ, (), rows)
            records = [as_send_takes_it(row) for row in stored]
            ours = await drain(connection, producer, rows)
            results.append((ours, await send_from_memory(producer, records)))
    await connection.close()
    return results


def main() -> None:
    rows, runs = (int(text) for text in (*sys.argv[1:3], ROWS, RUNS)[:2])
    with tempfile.TemporaryDirectory() as folder, ephemeral.servers(Path(folder)) as stack:
        results = asyncio.run(measure(stack.bootstrap, stack.postgres.url, rows, runs))
    table = Table("", "events/s (median)", "lowest", "highest", title="relay_limit")
    for name, rates in zip(("relay", "producer alone"), zip(*results, strict=True), strict=True):
        median = statistics.median(rates)
        table.add_row(name, f"{median:,.0f}", f"{min(rates):,.0f}", f"{max(rates):,.0f}")
    ratio = statistics.median(ours / limit for ours, limit in results)
    Console().print(table, f"ratio {ratio:.2f} ({rows:,} rows, {runs} runs)")


if __name__ == "__main__":
    main()
