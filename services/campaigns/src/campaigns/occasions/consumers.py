"""Row 36: a customer that fell asleep is an occasion; of what it was by turns the last counts."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from shared.contracts.contacts import CustomerLifecycleChanged
from shared.db import Connection
from shared.messaging.envelope import Received, newest_of_each
from shared.messaging.reactions import Consumer

from campaigns.occasions.handlers import write_to_people_of
from campaigns.occasions.store import save_lifecycles

consumer = Consumer("campaigns.lifecycles")


@consumer.on_batch(CustomerLifecycleChanged)
async def on_lifecycles_changed(
    connection: Connection, records: Sequence[Received[CustomerLifecycleChanged]]
) -> None:
    newest = {each.event.customer_id: each for each in newest_of_each(records)}
    told = {id_: (r.envelope.version, r.event.to_lifecycle) for id_, r in newest.items()}
    asleep_since: dict[datetime, list[UUID]] = defaultdict(list)
    for customer_id in await save_lifecycles(connection, told):
        envelope, event = newest[customer_id]
        if event.to_lifecycle == "dormant":
            asleep_since[envelope.time].append(customer_id)
    now = datetime.now(UTC)
    for since, customer_ids in asleep_since.items():  # most often of one look at many
        await write_to_people_of(connection, "customer-dormant", customer_ids, since, now)
