"""A service that publishes campaigns on a Kafka of its own, and its topics as Kafka has them."""

from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from shared.auth import issue_token
from shared.contracts.campaigns import (
    CampaignLaunched,
    CampaignPlanned,
    CampaignState,
)
from shared.contracts.readers import own_topics
from shared.contracts.topic import Event
from shared.db import Pool, transaction
from shared.ids import new_id
from shared.messaging import outbox
from shared.messaging.following import partitions_of
from shared.messaging.outbox import Fact
from shared.settings import KafkaSettings

from tests.records import cause_of_test

SERVICE = "campaigns"
KEY = "a key that is long enough for a test of HS256"


def bearer(*roles: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {issue_token(KEY, 'anna', roles)}"}


def facts_of(number: int) -> list[Fact]:
    """What happens to one campaign: two facts, and its snapshot after each."""
    campaign_id = new_id()
    planned = CampaignPlanned(
        campaign_id=campaign_id,
        name=f"Campaign {number}",
        campaign_type="email",
        objective="promotion",
        purpose="marketing",
        segment_ids=(new_id(),),
        owner_id="mia",
    )
    launched = CampaignLaunched(
        campaign_id=campaign_id,
        segment_ids=planned.segment_ids,
        audience_size=number,
        launched_at=cause_of_test().at,
    )
    state = CampaignState(
        **planned.model_dump(exclude={"starts_on"}),
        status="planned",
        subject="Line\nbreak",
        body_text="Grüße, 東京",
    )
    running = state.model_copy(update={"status": "running"})
    return [Fact(planned, 1), Fact(state, 1), Fact(launched, 2), Fact(running, 2)]


async def publish(pool: Pool, campaigns: int) -> list[Event]:
    """Let this many campaigns be planned and launched; answers what was published, in order."""
    facts = [fact for number in range(campaigns) for fact in facts_of(number)]
    async with transaction(pool) as connection:
        await outbox.append(connection, cause_of_test(), facts)
    return [fact.event for fact in facts]


async def records_of(kafka: KafkaSettings) -> list[ConsumerRecord[bytes, bytes]]:
    """Everything on the service's topics, in the order of their partitions."""
    partitions = partitions_of(topic.name for topic in own_topics(SERVICE))
    consumer = AIOKafkaConsumer(**kafka.client_options(), auto_offset_reset="earliest")
    consumer.assign(partitions)
    await consumer.start()
    try:
        ends = await consumer.end_offsets(partitions)
        found: list[ConsumerRecord[bytes, bytes]] = []
        while any([await consumer.position(p) < end for p, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                found += records
        return found
    finally:
        await consumer.stop()


def by_subject(told: Sequence[dict[str, Any]]) -> dict[tuple[bool, str], list[str]]:
    """Ids per aggregate, in their order; snapshots have a topic of their own."""
    found: dict[tuple[bool, str], list[str]] = {}
    for event in told:
        found.setdefault((".state." in event["type"], event["subject"]), []).append(event["id"])
    return found
