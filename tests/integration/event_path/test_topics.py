"""Provisioning on a real broker: what exists is brought to the registry's settings."""

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from shared.contracts.contacts import CONTACT_STATE
from shared.messaging.topics import config_of, provision_topics
from shared.settings import KafkaSettings

from tests.integration.event_path.conftest import until

NAME = CONTACT_STATE.name
FOR_EVER = str(2**63 - 1)
TOPIC = ConfigResourceType.TOPIC


async def _has(admin: AIOKafkaAdminClient, wanted: dict[str, str]) -> bool:
    """Whether the broker says so yet: a change takes a moment to reach it."""
    [answer] = await admin.describe_configs([ConfigResource(TOPIC, NAME)])
    [(_, _, _, _, entries)] = answer.resources
    return wanted.items() <= {key: value for key, value, *_ in entries}.items()


async def test_an_existing_topic_gets_what_differs_and_keeps_what_an_operator_added(
    topics: KafkaSettings,
) -> None:
    admin = AIOKafkaAdminClient(**topics.client_options())
    await admin.start()
    try:
        old = {"cleanup.policy": "compact", "segment.ms": "3600000"}
        await admin.alter_configs([ConfigResource(TOPIC, NAME, old)])
        await until(lambda: _has(admin, {**old, "max.compaction.lag.ms": FOR_EVER}))
        done = await provision_topics(topics)
        await until(lambda: _has(admin, {**config_of(CONTACT_STATE), "segment.ms": "3600000"}))
        again = await provision_topics(topics)
        assert (done.created, done.altered) == ([], [NAME])
        assert (again.created, again.altered) == ([], [])
    finally:
        await admin.alter_configs([ConfigResource(TOPIC, NAME, config_of(CONTACT_STATE))])
        await admin.close()
