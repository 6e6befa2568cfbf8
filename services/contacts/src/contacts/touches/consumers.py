"""Kafka in: calls of the telephone system and purchases in shops, in sets."""

from collections.abc import Sequence

from shared.contracts.external import CallCompleted, PurchaseRecorded
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from contacts.points import PointRules
from contacts.touches import handlers


def touches(rules: PointRules) -> Consumer:
    """The consumer of touches elsewhere; `rules` say how numbers are read and hashed."""
    consumer = Consumer("contacts.touches")

    @consumer.on_batch(CallCompleted)
    async def on_calls_completed(
        connection: Connection, batch: Sequence[Received[CallCompleted]]
    ) -> None:
        calls = [(each.event, each.envelope.cause("contacts")) for each in batch]
        await handlers.note_calls(connection, calls, rules)

    @consumer.on_batch(PurchaseRecorded)
    async def on_purchases_recorded(
        connection: Connection, batch: Sequence[Received[PurchaseRecorded]]
    ) -> None:
        purchases = [(each.event, each.envelope.cause("contacts")) for each in batch]
        await handlers.note_purchases(connection, purchases, rules)

    del on_calls_completed, on_purchases_recorded
    return consumer
