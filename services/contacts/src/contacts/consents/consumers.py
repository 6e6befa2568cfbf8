"""What people say to our mail has a consumer of its own, so that nothing ever delays an opt-out."""

from datetime import UTC, datetime

from shared.contracts.campaigns import ConfirmationConfirmed, MessageUnsubscribed
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from contacts.consents import handlers
from contacts.points import PointRules

optouts = Consumer("contacts.optouts")


@optouts.on(MessageUnsubscribed)
async def on_message_unsubscribed(
    connection: Connection, received: Received[MessageUnsubscribed]
) -> None:
    cause = received.envelope.cause("contacts", at=datetime.now(UTC))
    await handlers.honour_opt_out(connection, cause, received.event)


def confirmations(rules: PointRules) -> Consumer:
    """The consumer of answers to our questions; `rules` say how addresses are hashed."""
    consumer = Consumer("contacts.confirmations")

    @consumer.on(ConfirmationConfirmed)
    async def on_confirmation_confirmed(
        connection: Connection, received: Received[ConfirmationConfirmed]
    ) -> None:
        cause = received.envelope.cause("contacts", at=datetime.now(UTC))
        await handlers.honour_confirmation(connection, cause, received.event, rules)

    del on_confirmation_confirmed
    return consumer
