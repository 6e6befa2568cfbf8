"""Kafka in: orders, and the time that passes, change what customers owe; a flood delays nothing."""

from collections.abc import Sequence

from shared.contracts.pipeline import (
    OrderConfirmed,
    OrderPaymentOverdue,
    OrderRevised,
    OrderStatusChanged,
)
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from contacts.credit.handlers import note_orders
from contacts.figures.domain import OrderFact, order_row

consumer = Consumer("contacts.credit", max_records=2000)


@consumer.on_batch(OrderConfirmed, OrderStatusChanged, OrderRevised, OrderPaymentOverdue)
async def on_order_facts(connection: Connection, records: Sequence[Received[OrderFact]]) -> None:
    """An invoice that is overdue changes no row: its customer is looked at now, not in an hour."""
    rows = [order_row(received.event, received.envelope.version) for received in records]
    await note_orders(connection, records[-1].envelope.cause("contacts"), rows)
