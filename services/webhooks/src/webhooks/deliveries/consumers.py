"""Every event topic in: a batch of facts becomes deliveries by one statement."""

from collections.abc import Sequence

from shared.contracts import TOPICS
from shared.contracts.readers import DELIVERABLE
from shared.db import Connection
from shared.messaging.envelope import Received, Unread
from shared.messaging.reactions import Consumer
from shared.messaging.structured import structured

from webhooks.deliveries import store

consumer = Consumer("webhooks.events")


@consumer.on_any(*DELIVERABLE)
async def on_facts(connection: Connection, received: Sequence[Received[Unread]]) -> None:
    """Facts are passed on as they stand: what this release does not know yet, too."""
    await store.fan_out(connection, [_fact(each) for each in received])


def _fact(received: Received[Unread]) -> store.Fact:
    envelope, event = received.envelope, received.event
    headers = {**event.headers, "ce_specversion": "1.0", "ce_id": str(envelope.event_id)}
    return store.Fact(
        event_id=envelope.event_id,
        type=envelope.type,
        service=TOPICS[envelope.topic].publisher,
        lane=f"{envelope.topic}/{envelope.key}",
        body=structured(headers, envelope.key, event.body),
    )
