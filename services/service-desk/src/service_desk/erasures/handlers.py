"""Erasing a person at the desk: their words go; numbers, codes, clocks and scores stay."""

from shared.cause import Cause
from shared.contracts.contacts import ErasureRequested
from shared.contracts.privacy import ERASURE_ACKNOWLEDGED
from shared.contracts.service_desk import TicketRedacted
from shared.db import Connection
from shared.messaging import erased, outbox
from shared.messaging.outbox import Fact

from service_desk.erasures import store
from service_desk.tickets.store import lock_snapshots


async def erase(connection: Connection, cause: Cause, asked: ErasureRequested) -> None:
    """Forget these people and say so, in one transaction."""
    tickets = await store.redact_tickets(connection, asked)
    counts = {
        "tickets": len(tickets),
        "messages": await store.redact_messages(connection, asked),
        "surveys": await store.erase_comments(connection, asked),
    }
    redacted = [
        Fact(
            TicketRedacted(
                ticket_id=ticket.ticket_id,
                customer_id=ticket.customer_id,
                request_id=asked.request_id,
            ),
            ticket.version,
        )
        for ticket in tickets
    ]
    snapshots = await lock_snapshots(connection, [ticket.ticket_id for ticket in tickets])
    acknowledged = ERASURE_ACKNOWLEDGED["service-desk"](request_id=asked.request_id, erased=counts)
    await outbox.append(connection, cause, [*redacted, *snapshots, Fact(acknowledged, 1)])
    erased.BEFORE_COMMIT.reach()
