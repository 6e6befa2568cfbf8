"""Use cases of attributions: answer a deal that was won, or reopened after it was."""

from shared.cause import Cause
from shared.contracts.pipeline import DealReopened, DealWon
from shared.db import Connection
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from campaigns.attributions import store
from campaigns.attributions.domain import (
    ComputeAttribution,
    ReverseAttribution,
    decide,
    evolve,
)
from campaigns.policies.store import load_policy


async def compute_attribution(
    connection: Connection, cause: Cause, deal: DealWon, deal_version: int
) -> None:
    """Share the deal among the campaigns that touched its customer's people."""
    policy = await load_policy(connection)
    touches = await store.list_touches(
        connection, deal.customer_id, deal.won_at, policy.attribution_window
    )
    command = ComputeAttribution(
        deal_id=deal.deal_id,
        deal_version=deal_version,
        customer_id=deal.customer_id,
        amount=deal.amount,
        currency=deal.currency,
        touches=touches,
        at=cause.at,
    )
    await _record(connection, cause, deal, command)


async def reverse_attribution(
    connection: Connection, cause: Cause, deal: DealReopened, deal_version: int
) -> None:
    """Take the sharing back."""
    await _record(connection, cause, deal, ReverseAttribution(deal_version, cause.at))


async def _record(
    connection: Connection,
    cause: Cause,
    deal: DealWon | DealReopened,
    command: ComputeAttribution | ReverseAttribution,
) -> None:
    attribution = await store.lock_attribution(connection, deal.deal_id)
    for event in decide(attribution, command):
        attribution = evolve(attribution, event, command.deal_version)
        await store.save_attribution(connection, attribution)
        await outbox.append(connection, cause, [Fact(event, attribution.version)])
