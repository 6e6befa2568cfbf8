"""Redelivery: raw copies of records that stand on a topic, put there once more."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from shared.contracts.topic import PARTITIONS
from shared.messaging.wire import accept_any_header_name
from shared.settings import KafkaSettings

PATIENCE = 30.0


async def redeliver(kafka: KafkaSettings, topic: str, most: int) -> int:
    """Put the last records of each partition of a topic there again; answers how many."""
    accept_any_header_name()
    options = kafka.client_options()
    consumer: Any = AIOKafkaConsumer(**options, enable_auto_commit=False)
    producer: Any = AIOKafkaProducer(**options, acks="all")
    await asyncio.gather(consumer.start(), producer.start())
    try:
        async with asyncio.timeout(PATIENCE):
            records = await _last(consumer, topic, most)
        for record in records:
            await producer.send(
                topic,
                record.value,
                key=record.key,
                partition=record.partition,
                headers=list(record.headers),
            )
        await producer.flush()
    finally:
        await asyncio.gather(consumer.stop(), producer.stop())
    return len(records)


async def _last(consumer: Any, topic: str, most: int) -> list[Any]:
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    consumer.assign(partitions)
    ends = await consumer.end_offsets(partitions)
    for partition in partitions:
        consumer.seek(partition, max(0, ends[partition] - most))
    records: list[Any] = []
    while any([await consumer.position(p) < ends[p] for p in partitions]):
        for batch in (await consumer.getmany(timeout_ms=200)).values():
            records += batch
    return [r for r in records if r.offset < ends[TopicPartition(topic, r.partition)]]
