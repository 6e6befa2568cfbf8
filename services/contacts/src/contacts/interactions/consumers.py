"""Facts of other services that are interactions with a customer."""

from collections.abc import Sequence

from shared.contracts.campaigns import ResponseRecorded
from shared.contracts.service_desk import TicketOpened
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from contacts.interactions import handlers

consumer = Consumer("contacts.interactions")


@consumer.on_batch(TicketOpened, ResponseRecorded)
async def on_elsewhere(
    connection: Connection, batch: Sequence[Received[TicketOpened | ResponseRecorded]]
) -> None:
    await handlers.note_elsewhere(
        connection,
        [(each.envelope.event_id, each.event, each.envelope.cause("contacts")) for each in batch],
    )
