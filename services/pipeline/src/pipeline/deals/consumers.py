"""Tickets and credit holds endanger deals: what others say of them flags and clears risks."""

from collections.abc import Sequence

from shared.contracts.contacts import CustomerCreditHoldPlaced, CustomerCreditHoldReleased
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

from pipeline.deals.handlers import follow_hold, follow_tickets
from pipeline.holds.domain import HoldFact, hold_of
from pipeline.tickets.domain import TicketFact

consumer = Consumer("pipeline.tickets")
holds = Consumer("pipeline.credit")


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
    await follow_tickets(
        connection, [(received.envelope.cause("pipeline"), received.event) for received in records]
    )


@holds.on_batch(CustomerCreditHoldPlaced, CustomerCreditHoldReleased)
async def on_credit_holds(connection: Connection, records: Sequence[Received[HoldFact]]) -> None:
    for received in records:
        envelope = received.envelope
        hold = hold_of(received.event, envelope.version)
        await follow_hold(connection, envelope.cause("pipeline"), hold)
