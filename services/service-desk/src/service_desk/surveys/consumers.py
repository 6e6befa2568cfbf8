"""What a resolved ticket means for surveys: the person is asked how it was."""

from datetime import UTC, datetime

from shared.contracts.service_desk import TicketResolved
from shared.db import Connection
from shared.ids import derived_id
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from service_desk.surveys.domain import SendSurvey
from service_desk.surveys.handlers import ask_if_rested

consumer = Consumer("service-desk.surveys")


@consumer.on(TicketResolved)
async def on_ticket_resolved(connection: Connection, received: Received[TicketResolved]) -> None:
    ticket = received.event
    if ticket.contact_id is None:
        return
    now = datetime.now(UTC)
    command = SendSurvey(
        survey_id=derived_id(received.envelope.event_id, "csat"),
        kind="csat",
        customer_id=ticket.customer_id,
        contact_id=ticket.contact_id,
        ticket_id=ticket.ticket_id,
        agent_id=ticket.agent_id,
        at=now,
    )
    await ask_if_rested(connection, received.envelope.cause("service-desk", at=now), command)
