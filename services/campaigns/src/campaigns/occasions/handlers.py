"""What an occasion makes due: a message for each person, which passes the gate like every other."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from uuid import UUID

from shared.aliases import ids_of_many
from shared.contracts.campaigns import Occasion
from shared.db import Connection, Pool, transaction

from campaigns.messages.store import insert_reserved
from campaigns.occasions import store
from campaigns.occasions.domain import GREETINGS, NEWS, month_days_of, step_of
from campaigns.occasions.store import Recipients, Send
from campaigns.policies.store import load_policy

PAGE = 1000


async def write_to_people_of(
    connection: Connection,
    occasion: Occasion,
    customer_ids: Collection[UUID],
    came_at: datetime,
    now: datetime,
) -> None:
    """To everybody of these customers, whatever ids they have; what is no news any more is let be.

    Who belongs to several of them gets one message.
    """
    if came_at < now - NEWS:
        return
    send = await _send(connection, occasion, came_at, now)
    every_id = set[UUID]().union(*(await ids_of_many(connection, customer_ids)).values())
    await _reserve(
        connection, send, await store.list_people_of(connection, send, every_id, came_at)
    )


async def greet(pool: Pool) -> bool:
    """The job: a message for everybody whose day it is, by UTC, once a day and a page at a time."""
    return await greet_on(pool, datetime.now(UTC))


async def greet_on(pool: Pool, now: datetime) -> bool:
    was_busy = False
    for occasion in GREETINGS:
        while await _greet_page(pool, occasion, now):
            was_busy = True
    return was_busy


async def _greet_page(pool: Pool, occasion: Occasion, now: datetime) -> bool:
    async with transaction(pool) as connection:
        send = await _send(connection, occasion, now, now)
        days = month_days_of(now.date())
        found = await store.list_whose_day_it_is(connection, send, days, PAGE)
        await _reserve(connection, send, found)
        return bool(found)


async def _send(
    connection: Connection, occasion: Occasion, came_at: datetime, now: datetime
) -> Send:
    policy = await load_policy(connection)
    return Send(occasion, step_of(occasion, came_at), now, policy.occasion_pause)


async def _reserve(connection: Connection, send: Send, found: Sequence[Recipients]) -> None:
    for each in found:
        await insert_reserved(connection, each.campaign_id, send.step, each.people, send.now)
