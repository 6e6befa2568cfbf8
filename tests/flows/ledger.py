"""What stands on Kafka's topics, read from their beginning to where they end now."""

from dataclasses import dataclass
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from shared.contracts.topic import PARTITIONS, Event, Topic
from shared.messaging.envelope import Received, read_envelope
from shared.settings import KafkaSettings

EventT = TypeVar("EventT", bound=Event)


@dataclass(frozen=True)
class Ledger:
    """Every record of a topic, as any subscriber could read it."""

    kafka: KafkaSettings

    async def facts(self, fact: type[EventT], key: str) -> list[Received[EventT]]:
        """All facts of one type about one aggregate, in their order."""
        return [found for found in await self.all_facts(fact) if found.envelope.key == key]

    async def all_facts(self, fact: type[EventT]) -> list[Received[EventT]]:
        """All facts of one type."""
        return [
            Received(envelope, fact.model_validate_json(record.value))
            for record in await self._records(fact.topic)
            if record.value is not None and (envelope := read_envelope(record)).type == fact.type
        ]

    async def records(self, topic: Topic, key: str) -> list[ConsumerRecord[bytes, bytes]]:
        """All records of one aggregate, in their order, as they stand."""
        found = await self._records(topic)
        return [record for record in found if record.key == key.encode()]

    async def _records(self, topic: Topic) -> list[ConsumerRecord[bytes, bytes]]:
        partitions = [TopicPartition(topic.name, number) for number in range(PARTITIONS)]
        consumer = AIOKafkaConsumer(**self.kafka.client_options(), auto_offset_reset="earliest")
        consumer.assign(partitions)
        await consumer.start()
        try:
            ends = await consumer.end_offsets(partitions)
            records: list[ConsumerRecord[bytes, bytes]] = []
            while any([await consumer.position(p) < end for p, end in ends.items()]):
                for batch in (await consumer.getmany(timeout_ms=500)).values():
                    records += batch
            return records
        finally:
            await consumer.stop()
