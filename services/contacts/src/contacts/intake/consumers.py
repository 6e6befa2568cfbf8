"""Forms and leads come in here, each submission and each lead as often as Kafka likes."""

from shared.contracts.campaigns import FormState
from shared.contracts.pipeline import LeadState
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from contacts.intake import handlers
from contacts.points import PointRules


def intake(rules: PointRules) -> Consumer:
    """The consumer of forms and leads; `rules` say how addresses are read and hashed."""
    consumer = Consumer("contacts.intake")

    @consumer.on(FormState)
    async def on_form_submitted(connection: Connection, received: Received[FormState]) -> None:
        cause = received.envelope.cause("contacts")
        await handlers.receive_form(connection, cause, received.event, rules)

    @consumer.on(LeadState)
    async def on_lead_converted(connection: Connection, received: Received[LeadState]) -> None:
        if received.event.status == "converted":
            cause = received.envelope.cause("contacts")
            await handlers.receive_converted_lead(connection, cause, received.event, rules)

    del on_form_submitted, on_lead_converted
    return consumer
