"""Provisioning: makes Kafka's topics what the registry says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.contracts import TOPICS
from shared.contracts.topic import PARTITIONS, Topic
from shared.settings import KafkaSettings

_ALREADY_EXISTS = 36
_DAY_MS = 86_400_000
COMPACTED_AFTER = timedelta(days=1)
"""How long a compacted topic keeps everything, and then a closed segment waits for the cleaner."""
_TOPIC = ConfigResourceType.TOPIC
_DYNAMIC = 1
"""The source of a setting that the topic itself has, as the protocol numbers it."""


class TopicProvisioningError(RuntimeError):
    """The broker refused to create a topic, or to change its settings."""


@dataclass(frozen=True, slots=True)
class Provisioned:
    """The names of the topics that were new, and of those whose settings were others."""

    created: list[str]
    altered: list[str]


async def provision_topics(kafka: KafkaSettings) -> Provisioned:
    """Create every topic of the registry that is missing, and set what differs on the others.

    What an operator has set beside the registry's settings stays.
    """
    admin = AIOKafkaAdminClient(**kafka.client_options())
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        missing = [topic for name, topic in TOPICS.items() if name not in existing]
        if missing:
            await _create(admin, missing, kafka.replication_factor)
        altered = await _alter(admin, [t for name, t in TOPICS.items() if name in existing])
        return Provisioned([topic.name for topic in missing], altered)
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


async def _alter(admin: AIOKafkaAdminClient, topics: Iterable[Topic]) -> list[str]:
    """Give topics whose settings differ those of the registry; answers their names."""
    own = await _own_settings(admin, [topic.name for topic in topics])
    wanted = {
        topic.name: {**own[topic.name], **config_of(topic)}
        for topic in topics
        if config_of(topic).items() - own[topic.name].items()
    }
    if wanted:
        resources = [ConfigResource(_TOPIC, name, config) for name, config in wanted.items()]
        answers: list[Any] = await admin.alter_configs(resources)
        for answer in answers:
            _require_no_error(answer.resources)
    return list(wanted)


async def _own_settings(
    admin: AIOKafkaAdminClient, names: Sequence[str]
) -> dict[str, dict[str, str]]:
    """What is set on each topic itself, without the broker's defaults."""
    own: dict[str, dict[str, str]] = {}
    if not names:
        return own
    answers: list[Any] = await admin.describe_configs([ConfigResource(_TOPIC, n) for n in names])
    for answer in answers:
        _require_no_error(answer.resources)
        for _, _, _, name, entries in answer.resources:
            own[name] = {key: value for key, value, _, source, *_ in entries if source == _DYNAMIC}
    return own


def _require_no_error(resources: Iterable[Any]) -> None:
    for code, message, _, name, *_ in resources:
        if code:
            raise TopicProvisioningError(f"{name}: {message or code}")


def config_of(topic: Topic) -> dict[str, str]:
    """The settings of a topic on the broker."""
    if topic.cleanup == "compact":
        lag = str(COMPACTED_AFTER // timedelta(milliseconds=1))
        return {
            "cleanup.policy": "compact",
            "delete.retention.ms": str(7 * _DAY_MS),
            "min.compaction.lag.ms": lag,  # a resync hides no news from who is behind
            "max.compaction.lag.ms": lag,  # what was erased is cleaned away, few as it may be
        }
    retention = -1 if topic.retention_days is None else topic.retention_days * _DAY_MS
    return {"cleanup.policy": "delete", "retention.ms": str(retention)}
