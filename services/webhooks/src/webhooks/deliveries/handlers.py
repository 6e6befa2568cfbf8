"""Settling: what requests came to, in one transaction for many of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import structlog
from shared.cause import Cause
from shared.contracts.webhooks import DisabledReason
from shared.db import Connection, Pool, transaction, with_retries
from shared.ids import new_id
from shared.telemetry import new_trace

from webhooks.deliveries import store
from webhooks.deliveries.domain import Conclusion, asked_hold
from webhooks.endpoints.domain import Behaviour
from webhooks.endpoints.store import save_behaviours
from webhooks.subscriptions.domain import DisableSubscription
from webhooks.subscriptions.handlers import disable

logger = structlog.stdlib.get_logger()


async def settle(pool: Pool, conclusions: Sequence[Conclusion]) -> None:
    """Write outcomes and what they say of endpoints; disable those that are gone."""

    async def attempt() -> None:
        async with transaction(pool) as connection:
            await _settle(connection, conclusions)

    await with_retries(attempt)


async def _settle(connection: Connection, conclusions: Sequence[Conclusion]) -> None:
    await store.plan_anew(connection)
    settled = await store.conclude(connection, conclusions)
    finished = [each for each in settled if each.status != "waiting"]
    if finished:
        await store.wake_next(connection, finished)
    given_up = [each for each in settled if each.status == "given-up"]
    unreachable = await store.list_unreachable(connection, given_up) if given_up else []
    await save_behaviours(connection, behaviours(conclusions))
    gone = {each.claimed.subscription_id for each in conclusions if each.answer.is_gone}
    for subscription_id in sorted(gone | set(unreachable)):
        reason: DisabledReason = "gone" if subscription_id in gone else "unreachable"
        await _disable(connection, subscription_id, reason)


async def _disable(connection: Connection, subscription_id: UUID, reason: DisabledReason) -> None:
    cause = Cause("service:webhooks", datetime.now(UTC), str(new_id()), new_trace())
    command = DisableSubscription(reason)
    subscription = await disable(connection, cause, subscription_id, command)
    logger.warning(
        "subscription_disabled",
        subscription_id=str(subscription_id),
        host=subscription.target.host if subscription else None,
        reason=reason,
    )


def behaviours(conclusions: Sequence[Conclusion]) -> list[Behaviour]:
    """What each endpoint did, from its requests in the order in which they ended."""
    found: dict[UUID, Behaviour] = {}
    for each in sorted(conclusions, key=lambda each: each.answer.ended_at):
        key, answer = each.claimed.subscription_id, each.answer
        before = found.get(key, Behaviour(key, has_taken=False, failures=0, at=answer.ended_at))
        if answer.is_taken:
            found[key] = Behaviour(key, has_taken=True, failures=0, at=answer.ended_at)
        else:
            found[key] = Behaviour(
                key,
                has_taken=before.has_taken,
                failures=before.failures + 1,
                at=answer.ended_at,
                asked_hold=asked_hold(answer) or before.asked_hold,
            )
    return list(found.values())
