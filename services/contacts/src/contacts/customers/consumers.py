"""Deals and orders move customers in their lifecycle; a flood of orders delays no deal."""

from collections.abc import Sequence

from shared.contracts.pipeline import DealReopened, DealWon, OrderConfirmed
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from contacts.customers import handlers

deals = Consumer("contacts.deals")
orders = Consumer("contacts.orders", max_records=2000)


@deals.on(DealWon)
async def on_deal_won(connection: Connection, received: Received[DealWon]) -> None:
    cause = received.envelope.cause("contacts")
    await handlers.note_won_deal(connection, cause, received.event)


@deals.on(DealReopened)
async def on_deal_reopened(connection: Connection, received: Received[DealReopened]) -> None:
    if received.event.from_status == "won":
        cause = received.envelope.cause("contacts")
        await handlers.take_back_won_deal(connection, cause, received.event)


@orders.on_batch(OrderConfirmed)
async def on_orders_confirmed(
    connection: Connection, batch: Sequence[Received[OrderConfirmed]]
) -> None:
    await handlers.note_orders(
        connection, [(each.event, each.envelope.cause("contacts")) for each in batch]
    )
