"""Rows 10 and 12: a won deal stops nurture and is attributed; a reopened one is taken back."""

from shared.contracts.pipeline import DealReopened, DealRepointed, DealWon
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from campaigns.attributions import handlers
from campaigns.obstacles import store as obstacles

consumer = Consumer("campaigns.deals")


@consumer.on(DealWon)
async def on_deal_won(connection: Connection, received: Received[DealWon]) -> None:
    deal, version = received.event, received.envelope.version
    await obstacles.save_won_deal(
        connection, (deal.deal_id, version, deal.customer_id), deal.product_lines, deal.won_at
    )
    cause = received.envelope.cause("campaigns")
    await handlers.compute_attribution(connection, cause, deal, version)


@consumer.on(DealReopened)
async def on_deal_reopened(connection: Connection, received: Received[DealReopened]) -> None:
    deal, version = received.event, received.envelope.version
    if deal.from_status == "won":
        await obstacles.reopen_deal(connection, deal.deal_id, version)
        cause = received.envelope.cause("campaigns")
        await handlers.reverse_attribution(connection, cause, deal, version)


@consumer.on(DealRepointed)
async def on_deal_repointed(connection: Connection, received: Received[DealRepointed]) -> None:
    """What was won stands in the way of promotion to the people of whose it is now."""
    deal, version = received.event, received.envelope.version
    await obstacles.repoint_deal(connection, deal.deal_id, deal.customer_id, version)
