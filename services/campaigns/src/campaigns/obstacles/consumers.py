"""Rows 22 and 23: tickets close the send gate and open it again; the sender looks at the rows.

So do talks of other departments, for as long as the policy says. Projections: each row is guarded
by the version of its ticket or interaction.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from shared.contracts.contacts import InteractionCorrected, InteractionRecorded
from shared.contracts.service_desk import (
    TicketCancelled,
    TicketClosed,
    TicketOpened,
    TicketPriorityChanged,
    TicketReopened,
    TicketRepointed,
    TicketResolved,
)
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from campaigns.obstacles import store
from campaigns.obstacles.handlers import KEPT
from campaigns.obstacles.store import Talk, Ticket

consumer = Consumer("campaigns.tickets", is_projection=True)

_ENDED = {"resolved", "closed", "cancelled"}


@consumer.on(TicketOpened)
async def on_ticket_opened(connection: Connection, received: Received[TicketOpened]) -> None:
    event = received.event
    ticket = Ticket(
        event.ticket_id, received.envelope.version, event.customer_id, event.severity, is_open=True
    )
    await store.save_ticket(connection, ticket)


@consumer.on(TicketReopened)
async def on_ticket_reopened(connection: Connection, received: Received[TicketReopened]) -> None:
    event = received.event
    ticket = Ticket(
        event.ticket_id, received.envelope.version, event.customer_id, event.severity, is_open=True
    )
    await store.save_ticket(connection, ticket)


@consumer.on(TicketPriorityChanged)
async def on_ticket_priority_changed(
    connection: Connection, received: Received[TicketPriorityChanged]
) -> None:
    event, envelope = received.event, received.envelope
    has_ended = event.status in _ENDED
    ticket = Ticket(
        event.ticket_id,
        envelope.version,
        event.customer_id,
        event.to_severity,
        is_open=not has_ended,
        ended_at=envelope.time if has_ended else None,
    )
    await store.save_ticket(connection, ticket)


@consumer.on(TicketResolved)
async def on_ticket_resolved(connection: Connection, received: Received[TicketResolved]) -> None:
    event = received.event
    ticket = Ticket(
        event.ticket_id,
        received.envelope.version,
        event.customer_id,
        event.severity,
        is_open=False,
        ended_at=event.resolved_at,
    )
    await store.save_ticket(connection, ticket)


@consumer.on(TicketCancelled)
async def on_ticket_cancelled(connection: Connection, received: Received[TicketCancelled]) -> None:
    event, envelope = received.event, received.envelope
    ticket = Ticket(
        event.ticket_id,
        envelope.version,
        event.customer_id,
        event.severity,
        is_open=False,
        ended_at=envelope.time,
    )
    await store.save_ticket(connection, ticket)


@consumer.on(TicketClosed)
async def on_ticket_closed(connection: Connection, received: Received[TicketClosed]) -> None:
    event, envelope = received.event, received.envelope
    await store.close_ticket(
        connection, event.ticket_id, event.customer_id, envelope.version, envelope.time
    )


@consumer.on(TicketRepointed)
async def on_ticket_repointed(connection: Connection, received: Received[TicketRepointed]) -> None:
    """Its customer was merged, or is its own again: so its people are others now."""
    event = received.event
    await store.repoint_ticket(
        connection, event.ticket_id, event.customer_id, received.envelope.version
    )


talks = Consumer("campaigns.talks", is_projection=True, max_records=2000)


@talks.on_batch(InteractionRecorded, InteractionCorrected)
async def on_talks(
    connection: Connection,
    records: Sequence[Received[InteractionRecorded | InteractionCorrected]],
) -> None:
    """The newest of each; left out is what no policy asks for any more, but for corrections."""
    newest: dict[UUID, Talk] = {}
    for received in records:
        event, version = received.event, received.envelope.version
        known = newest.get(event.interaction_id)
        if known is None or known.version < version:
            newest[event.interaction_id] = Talk(
                event.interaction_id,
                version,
                event.contact_ids,
                event.kind,
                event.direction,
                event.department,
                event.occurred_at,
            )
    since = datetime.now(UTC) - KEPT
    asked_for = [each for each in newest.values() if each.version > 1 or each.occurred_at > since]
    await store.save_talks(connection, asked_for)
