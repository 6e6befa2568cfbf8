"""Opt-outs have a consumer of their own, so that nothing ever delays one."""

from datetime import UTC, datetime

from shared.contracts.campaigns import MessageUnsubscribed
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from contacts.consents import handlers

optouts = Consumer("contacts.optouts")


@optouts.on(MessageUnsubscribed)
async def on_message_unsubscribed(
    connection: Connection, received: Received[MessageUnsubscribed]
) -> None:
    cause = received.envelope.cause("contacts", at=datetime.now(UTC))
    await handlers.honour_opt_out(connection, cause, received.event)
