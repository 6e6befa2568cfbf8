"""Provisioning: makes Kafka's topics what the registry says."""

from collections.abc import Iterable
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.contracts import TOPICS
from shared.contracts.topic import PARTITIONS, Topic
from shared.settings import KafkaSettings

_ALREADY_EXISTS = 36
_DAY_MS = 86_400_000


class TopicProvisioningError(RuntimeError):
    """The broker refused to create a topic."""


async def provision_topics(kafka: KafkaSettings) -> list[str]:
    """Create every topic of the registry that is missing; answers the names of the new ones."""
    admin = AIOKafkaAdminClient(**kafka.client_options())
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        missing = [topic for name, topic in TOPICS.items() if name not in existing]
        if missing:
            await _create(admin, missing, kafka.replication_factor)
        return [topic.name for topic in missing]
    finally:
        await admin.close()


async def _create(
    admin: AIOKafkaAdminClient, topics: Iterable[Topic], replication_factor: int
) -> None:
    answer: Any = await admin.create_topics(
        [
            NewTopic(topic.name, PARTITIONS, replication_factor, topic_configs=config_of(topic))
            for topic in topics
        ]
    )
    for name, code, *message in answer.topic_errors:
        if code not in {0, _ALREADY_EXISTS}:
            raise TopicProvisioningError(f"{name}: {message or code}")


def config_of(topic: Topic) -> dict[str, str]:
    """The settings of a topic on the broker."""
    if topic.cleanup == "compact":
        return {
            "cleanup.policy": "compact",
            "delete.retention.ms": str(7 * _DAY_MS),
            "min.compaction.lag.ms": str(_DAY_MS),  # a resync hides no news from who is behind
        }
    retention = -1 if topic.retention_days is None else topic.retention_days * _DAY_MS
    return {"cleanup.policy": "delete", "retention.ms": str(retention)}
