"""Tickets endanger deals: what service-desk says of them flags and clears risks."""

from collections.abc import Sequence

from shared.contracts.service_desk import (
    ClockBreached,
    TicketCancelled,
    TicketClosed,
    TicketOpened,
    TicketPriorityChanged,
    TicketReopened,
    TicketResolved,
)
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from pipeline.deals.handlers import follow_ticket
from pipeline.tickets.domain import TicketFact

consumer = Consumer("pipeline.tickets")


@consumer.on_batch(
    TicketOpened,
    TicketPriorityChanged,
    TicketResolved,
    TicketCancelled,
    TicketClosed,
    TicketReopened,
    ClockBreached,
)
async def on_ticket_facts(connection: Connection, records: Sequence[Received[TicketFact]]) -> None:
    for received in records:
        cause = received.envelope.cause("pipeline")
        await follow_ticket(connection, cause, received.event)
