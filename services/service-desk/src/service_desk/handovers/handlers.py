"""What service-desk moves in a handover: unresolved tickets; whoever left is given no more."""

from collections.abc import Mapping
from uuid import UUID

from shared.contracts.service_desk import TicketAssigned
from shared.db import Connection
from shared.handovers import HandoverPart
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from service_desk.agents.store import deactivate_agent
from service_desk.tickets import store
from service_desk.tickets.commands import AssignTicket
from service_desk.tickets.decisions import decide
from service_desk.tickets.domain import evolve, snapshot


async def move(connection: Connection, part: HandoverPart, limit: int) -> Mapping[str, int]:
    """Give the next few to the new agent; clocks run on, for nothing was done about a ticket."""
    if part.reason_code == "left":
        await deactivate_agent(connection, part.from_owner_id)
    changes = [
        (ticket, event)
        for ticket in await store.lock_open_tickets_of_agent(connection, part.from_owner_id, limit)
        for event in decide(ticket, _command(ticket.ticket_id, part))
        if isinstance(event, TicketAssigned)
    ]
    after = [(before, event, evolve(before, event, part.cause.at)) for before, event in changes]
    await store.save_agents(connection, [(before, now) for before, _, now in after])
    told = [Fact(said, now.version) for _, event, now in after for said in (event, snapshot(now))]
    await outbox.append(connection, part.cause, told)
    return {"tickets": len(after)}


def _command(ticket_id: UUID, part: HandoverPart) -> AssignTicket:
    return AssignTicket(ticket_id, part.to_owner_id, "handover", part.handover_id)
