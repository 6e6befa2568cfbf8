"""Kafka in: what people respond to, and what they say when they are asked."""

from collections.abc import Sequence

from shared.contracts.campaigns import ResponseRecorded
from shared.contracts.service_desk import SurveyAnswered
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from contacts.preferences import handlers
from contacts.preferences.domain import Said

consumer = Consumer("contacts.preferences")


@consumer.on_batch(ResponseRecorded, SurveyAnswered)
async def on_said(connection: Connection, batch: Sequence[Received[Said]]) -> None:
    await handlers.learn_from(
        connection, [(each.event, each.envelope.cause("contacts")) for each in batch]
    )
