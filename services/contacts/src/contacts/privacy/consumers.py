"""The services' answers to a request for erasure; the last one lets contacts forget its own."""

from collections.abc import Sequence

from shared.contracts.privacy import ERASURE_ACKNOWLEDGED, ErasureAcknowledged
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from contacts.privacy import handlers
from contacts.privacy.domain import Ack

consumer = Consumer("contacts.privacy")


@consumer.on_batch(*ERASURE_ACKNOWLEDGED.values())
async def on_erasure_acknowledged(
    connection: Connection, records: Sequence[Received[ErasureAcknowledged]]
) -> None:
    for received in records:
        event = received.event
        cause = received.envelope.cause("contacts")
        ack = Ack(event.topic.publisher, event.erased, event.retained, received.envelope.time)
        await handlers.note_ack(connection, cause, event.request_id, ack)
