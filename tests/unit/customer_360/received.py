"""Facts as a projection gets them, for tests without Kafka."""

from datetime import datetime
from uuid import UUID

from shared.contracts.topic import Event
from shared.ids import derived_id
from shared.messaging.envelope import Envelope, Received

from tests.unit.customer_360.histories.times import START


def received(event: Event, version: int = 1, time: datetime = START) -> Received[Event]:
    return Received(
        Envelope(
            topic=event.topic.name,
            partition=0,
            offset=0,
            key=event.record_key,
            event_id=_event_id(event, version),
            type=event.type,
            version=version,
            time=time,
            correlation_id="c",
            actor="user:anna",
            traceparent=None,
        ),
        event,
    )


def _event_id(event: Event, version: int) -> UUID:
    return derived_id("event", event.type, event.record_key, version)
