"""Kafka in: leads and responses of those we know."""

from collections.abc import Sequence

from shared.contracts.campaigns import ResponseRecorded
from shared.contracts.pipeline import LeadState
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from contacts.interest import handlers

consumer = Consumer("contacts.interest")


@consumer.on(LeadState)
async def on_lead_changed(connection: Connection, received: Received[LeadState]) -> None:
    cause = received.envelope.cause("contacts")
    await handlers.note_lead(connection, cause, received.event, received.envelope.version)


@consumer.on_batch(ResponseRecorded)
async def on_responses_recorded(
    connection: Connection, batch: Sequence[Received[ResponseRecorded]]
) -> None:
    await handlers.note_responses(
        connection, [(each.event, each.envelope.cause("contacts")) for each in batch]
    )
