"""Questions come in here, each as often as Kafka likes."""

from datetime import UTC, datetime

from shared.contracts.contacts import ConsentConfirmationRequested
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from campaigns.confirmations import handlers

consumer = Consumer("campaigns.confirmations")


@consumer.on(ConsentConfirmationRequested)
async def on_confirmation_requested(
    connection: Connection, received: Received[ConsentConfirmationRequested]
) -> None:
    cause = received.envelope.cause("campaigns", datetime.now(UTC))
    await handlers.reserve(connection, cause, received.event)
