"""How fast the relay empties an outbox, against the limit: the same producer sending from memory.

Each run fills an outbox with facts as the services write them, drains it with the relay's own
function, then sends the same records from memory by a producer of the same settings, in batches
of the relay's size.
"""

import asyncio
import time
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer
from rig.facts import fill_outbox
from rig.figures import Aim, Figure
from rig.options import Options
from rig.row import Measured, run
from rig.servers import Servers, durable_servers
from rig.turns import alternate
from shared.messaging.publishing import BATCH, READ, Publisher, record_of
from shared.messaging.relay import producing
from shared.migrate import EVENT_PATH

ROWS = 100_000
QUICK_ROWS = 2_000


async def drain(connection: Any, producer: AIOKafkaProducer, rows: int) -> float:
    """Rows a second through the relay's read, send and delete."""
    started = time.perf_counter()
    publisher = Publisher(connection, producer)
    while await publisher.publish():
        pass
    return rows / (time.perf_counter() - started)


def _sendable(row: asyncpg.Record) -> dict[str, Any]:
    """The record of an outbox row as the producer's own `send` takes it."""
    record = record_of(row)
    del record["timestamp"]
    return {"topic": row["topic"], **record}


async def send_from_memory(producer: AIOKafkaProducer, records: list[dict[str, Any]]) -> float:
    """Records a second of the producer alone."""
    started = time.perf_counter()
    for first in range(0, len(records), BATCH):
        batch = records[first : first + BATCH]
        await asyncio.gather(*[await producer.send(**record) for record in batch])
    return len(records) / (time.perf_counter() - started)


async def measure(options: Options) -> Measured:
    with durable_servers() as servers:
        return await _measure(options, servers)


async def _measure(options: Options, servers: Servers) -> Measured:
    rows = options.pick(ROWS, QUICK_ROWS)
    await servers.provision_topics()
    connection = await asyncpg.connect(await servers.database("relay", EVENT_PATH))
    records: list[dict[str, Any]] = []
    async with producing("bench", servers.kafka.client_options()) as producer:

        async def ours(_: int) -> float:
            await fill_outbox(connection, rows)
            records[:] = [_sendable(row) for row in await connection.fetch(READ, (), rows)]
            await servers.checkpoint()
            return await drain(connection, producer, rows)

        async def peer(_: int) -> float:
            return await send_from_memory(producer, records)

        pairs = await alternate(options.runs, ours, peer)
    await connection.close()
    figure = Figure("relay_limit", "facts/s", pairs, "aiokafka producer alone", Aim(0.75))
    return Measured([figure], [f"{rows:,} facts a run: a customer, its state, a deal, an order."])


if __name__ == "__main__":
    run("relay_limit: the relay empties an outbox", __doc__, measure)
