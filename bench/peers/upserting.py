"""The least that a durable projection can do: getmany, one guarded upsert, offsets beside it.

    python -m peers.upserting BOOTSTRAP URL GROUP TOPIC…

Of each record only the key and the version header are looked at; the body is stored as it came.
One transaction per batch writes the documents and the offsets; Kafka is told nothing.
"""

import asyncio
import sys

import asyncpg
from aiokafka import AIOKafkaConsumer, ConsumerRecord

MAX_RECORDS = 1000
"""As many as a batch of customer-360."""

TABLES = """
CREATE TABLE documents (
    topic text, key text, version bigint NOT NULL, document text NOT NULL,
    PRIMARY KEY (topic, key)
);
CREATE TABLE positions (
    topic text, partition integer, next_offset bigint NOT NULL, PRIMARY KEY (topic, partition)
);
"""
PROGRESS = "SELECT coalesce(sum(next_offset), 0)::bigint FROM positions"
_UPSERT = """
INSERT INTO documents (topic, key, version, document)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[])
ON CONFLICT (topic, key) DO UPDATE SET version = excluded.version, document = excluded.document
WHERE documents.version < excluded.version
"""
_POSITIONS = """
INSERT INTO positions SELECT * FROM unnest($1::text[], $2::integer[], $3::bigint[])
ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset
"""


async def project(bootstrap: str, url: str, group: str, topics: list[str]) -> None:
    """Project until the process is ended."""
    connection = await asyncpg.connect(url)
    consumer = AIOKafkaConsumer(
        *topics,
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    while True:
        found = await consumer.getmany(timeout_ms=100, max_records=MAX_RECORDS)
        records = [record for batch in found.values() for record in batch]
        if records:
            async with connection.transaction():
                await _write(connection, records)


async def _write(
    connection: "asyncpg.Connection[asyncpg.Record]",
    records: "list[ConsumerRecord[bytes, bytes]]",
) -> None:
    newest = {(record.topic, record.key): record for record in records}
    await connection.execute(
        _UPSERT,
        [topic for topic, _ in newest],
        [key.decode() for _, key in newest],
        [_version_of(record) for record in newest.values()],
        [record.value.decode() for record in newest.values()],
    )
    ends = {(record.topic, record.partition): record.offset + 1 for record in records}
    await connection.execute(
        _POSITIONS, [topic for topic, _ in ends], [n for _, n in ends], list(ends.values())
    )


def _version_of(record: "ConsumerRecord[bytes, bytes]") -> int:
    return next(int(value) for name, value in record.headers if name == "ce_aggregateversion")


if __name__ == "__main__":
    asyncio.run(project(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]))
