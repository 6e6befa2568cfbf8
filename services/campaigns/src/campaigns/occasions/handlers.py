"""What an occasion makes due: a message for each person, which passes the gate like every other."""

from datetime import datetime
from uuid import UUID

from shared.aliases import ids_of
from shared.contracts.campaigns import Occasion
from shared.db import Connection

from campaigns.messages.store import insert_reserved
from campaigns.occasions import store
from campaigns.occasions.domain import NEWS, step_of
from campaigns.policies.store import load_policy


async def write_to_people_of(
    connection: Connection, occasion: Occasion, customer_id: UUID, came_at: datetime, now: datetime
) -> None:
    """To everybody of this customer, whatever ids it has; what is no news any more is let be."""
    if came_at < now - NEWS:
        return
    policy = await load_policy(connection)
    customer_ids = await ids_of(connection, customer_id)
    pause = (now, policy.occasion_pause)
    step = step_of(occasion, came_at)
    for each in await store.list_recipients(connection, occasion, customer_ids, came_at, pause):
        await insert_reserved(connection, each.campaign_id, step, each.people, now)
