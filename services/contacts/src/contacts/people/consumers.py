"""Mail that came back: the address is no address of the person any more, and is not written to."""

from datetime import UTC, datetime

from shared.contracts.campaigns import MessageBounced
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from contacts.people import addresses
from contacts.points import PointRules


def bounces(rules: PointRules) -> Consumer:
    """The consumer of bounces; `rules` say how addresses are hashed."""
    consumer = Consumer("contacts.bounces")

    @consumer.on(MessageBounced)
    async def on_message_bounced(
        connection: Connection, received: Received[MessageBounced]
    ) -> None:
        if received.event.bounce == "hard":
            cause = received.envelope.cause("contacts", at=datetime.now(UTC))
            await addresses.give_up_address(connection, cause, received.event, rules)

    del on_message_bounced
    return consumer
