"""Requests for erasure."""

from datetime import UTC, datetime

from shared.contracts.contacts import ErasureRequested
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from service_desk.erasures.handlers import erase

consumer = Consumer("service-desk.privacy")


@consumer.on(ErasureRequested)
async def on_erasure_requested(
    connection: Connection, received: Received[ErasureRequested]
) -> None:
    cause = received.envelope.cause("service-desk", at=datetime.now(UTC))
    await erase(connection, cause, received.event)
