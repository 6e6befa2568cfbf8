"""Subscriptions: create, change, pause, resume, rotate, disable, delete."""

from uuid import UUID

from shared.cause import Cause
from shared.db import Connection, Pool, transaction, with_retries
from shared.http.requests import require_version
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from webhooks.endpoints.store import start_afresh
from webhooks.subscriptions import store
from webhooks.subscriptions.domain import (
    Command,
    CreateSubscription,
    DisableSubscription,
    ResumeSubscription,
    Subscription,
    SubscriptionNotFoundError,
    begin,
    decide,
    decide_creating,
    evolve,
)


async def create_subscription(
    pool: Pool, cause: Cause, command: CreateSubscription
) -> tuple[Subscription, bool]:
    """The subscription, and whether it is new: only then is its secret the command's."""

    async def attempt() -> tuple[Subscription, bool]:
        async with transaction(pool) as connection:
            known = await store.find_subscription(connection, command.subscription_id)
            subscription = known or begin(command)
            facts = decide_creating(known, command)
            for event in facts:
                await store.insert_subscription(connection, subscription)
                await outbox.append(connection, cause, [Fact(event, subscription.version)])
            return subscription, bool(facts)

    return await with_retries(attempt)


async def command_subscription(
    pool: Pool,
    cause: Cause,
    subscription_id: UUID,
    command: Command,
    *,
    owner: str | None = None,
    if_match: int | None = None,
) -> Subscription:
    """Do something to a subscription that `owner` (None: anybody) has."""

    async def attempt() -> Subscription:
        async with transaction(pool) as connection:
            subscription = await store.lock_subscription(connection, subscription_id)
            if owner not in {None, subscription.owner}:
                raise SubscriptionNotFoundError(subscription_id=subscription_id)
            events = decide(subscription, command)
            require_version(subscription.version, if_match)
            if events and isinstance(command, ResumeSubscription):
                await start_afresh(connection, subscription_id)
            return await _apply(connection, cause, subscription, command)

    return await with_retries(attempt)


async def disable(
    connection: Connection, cause: Cause, subscription_id: UUID, command: DisableSubscription
) -> Subscription | None:
    """Disable inside a running transaction; None where it was deleted meanwhile."""
    subscription = await store.lock_subscription(connection, subscription_id)
    if subscription.status == "deleted":
        return None
    return await _apply(connection, cause, subscription, command)


async def _apply(
    connection: Connection, cause: Cause, subscription: Subscription, command: Command
) -> Subscription:
    for event in decide(subscription, command):
        after = evolve(subscription, event, command, cause.at)
        await store.save_subscription(connection, after, subscription.version)
        await outbox.append(connection, cause, [Fact(event, after.version)])
        subscription = after
    return subscription
