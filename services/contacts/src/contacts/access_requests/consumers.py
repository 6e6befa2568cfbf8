"""The services' answers to an access request: each can tell its part."""

from collections.abc import Sequence

from shared.contracts.privacy import EXPORT_ACKNOWLEDGED, ExportAcknowledged
from shared.db import Connection
from shared.messaging.envelope import Received

from contacts.access_requests import handlers
from contacts.privacy import consumers as privacy
from contacts.privacy.domain import Ack

consumer = privacy.consumer


@consumer.on_batch(*EXPORT_ACKNOWLEDGED.values())
async def on_export_acknowledged(
    connection: Connection, records: Sequence[Received[ExportAcknowledged]]
) -> None:
    for received in records:
        event = received.event
        ack = Ack(event.topic.publisher, event.collected, (), received.envelope.time)
        await handlers.note_collected(connection, event.request_id, ack)
