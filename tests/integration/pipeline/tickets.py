"""What service-desk tells of tickets, for the tests of what follows from it."""

from datetime import UTC, datetime
from uuid import UUID

from shared.contracts.service_desk import (
    ClockBreached,
    TicketOpened,
    TicketResolved,
)
from shared.ids import new_id

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)


def ticket_opened(ticket_id: UUID, customer_id: UUID, severity: int = 1) -> TicketOpened:
    return TicketOpened(
        ticket_id=ticket_id,
        number="T-1",
        customer_id=customer_id,
        channel="phone",
        ticket_type="repair",
        severity=severity,
        priority="urgent",
        sla_policy_id=new_id(),
        sla_policy_version=1,
        received_at=NOW,
        source="agent",
    )


def ticket_resolved(ticket_id: UUID, customer_id: UUID, severity: int = 1) -> TicketResolved:
    return TicketResolved(
        ticket_id=ticket_id,
        customer_id=customer_id,
        severity=severity,
        resolution_code="fixed",
        root_cause="fuse",
        agent_id="bo",
        business_minutes=5,
        resolved_at=NOW,
    )


def breached(ticket_id: UUID, customer_id: UUID) -> ClockBreached:
    return ClockBreached(
        clock_id=new_id(),
        ticket_id=ticket_id,
        customer_id=customer_id,
        metric="resolution",
        severity=3,
        due_at=NOW,
        breached_at=NOW,
    )
