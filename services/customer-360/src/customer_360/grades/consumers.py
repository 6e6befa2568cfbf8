"""Kafka in: the policies by which contacts grades; each is kept as it was published."""

from shared.contracts.contacts import GradePolicyPublished
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from customer_360.grades.store import save_policy

consumer = Consumer("customer-360.policies", is_projection=True)


@consumer.on(GradePolicyPublished)
async def on_grade_policy_published(
    connection: Connection, received: Received[GradePolicyPublished]
) -> None:
    await save_policy(connection, received.event)
