"""A ticket as pipeline knows it, and the dangers to deals that follow from it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from shared.contracts.pipeline import RiskCode, RiskSeverity
from shared.contracts.service_desk import (
    ClockBreached,
    TicketCancelled,
    TicketClosed,
    TicketOpened,
    TicketPriorityChanged,
    TicketReopened,
    TicketResolved,
)

TicketFact: TypeAlias = (
    TicketOpened
    | TicketPriorityChanged
    | TicketResolved
    | TicketCancelled
    | TicketClosed
    | TicketReopened
    | ClockBreached
)

CRITICAL_SEVERITY = 2
"""Severity 1 is the gravest; this one and graver endanger what we want to sell."""

_OVER = frozenset({"resolved", "closed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket is whose it was opened for; where service-desk takes it later is not followed.

    `severity` is None while only a breach of the ticket's promise was heard of: whose it is and
    how grave says its opening. `ended_at` is when it was last over.
    """

    ticket_id: UUID
    customer_id: UUID
    severity: int | None = None
    is_open: bool = True
    breached_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def is_breached(self) -> bool:
        """A promise was broken since the ticket was last over."""
        breached, ended = self.breached_at, self.ended_at
        return breached is not None and (ended is None or ended < breached)

    def dangers(self) -> dict[RiskCode, RiskSeverity]:
        """What the ticket means for the customer's open deals."""
        if not self.is_open or self.severity is None:
            return {}
        dangers: dict[RiskCode, RiskSeverity] = {}
        if self.severity <= CRITICAL_SEVERITY:
            dangers["open-critical-ticket"] = "high"
        if self.is_breached:
            dangers["sla-breached"] = "medium"
        return dangers


def begun(fact: TicketFact) -> Ticket:
    """A ticket of which this is the first that is heard."""
    return Ticket(fact.ticket_id, fact.customer_id)


def evolve(ticket: Ticket, fact: TicketFact, at: datetime) -> Ticket:
    """Fold in what happened then; a breach, of another topic, at whatever place it is heard of."""
    match fact:
        case TicketOpened():
            return replace(ticket, customer_id=fact.customer_id, severity=fact.severity)
        case TicketPriorityChanged():
            return replace(ticket, severity=fact.to_severity, is_open=fact.status not in _OVER)
        case TicketReopened():
            return replace(ticket, severity=fact.severity, is_open=True)
        case TicketResolved() | TicketCancelled():
            ended_at = fact.resolved_at if isinstance(fact, TicketResolved) else at
            return replace(_ended(ticket, ended_at), severity=fact.severity)
        case TicketClosed():
            return _ended(ticket, at)
        case ClockBreached():
            return replace(
                ticket, breached_at=max(fact.breached_at, ticket.breached_at or fact.breached_at)
            )


def _ended(ticket: Ticket, at: datetime) -> Ticket:
    return replace(ticket, is_open=False, ended_at=max(at, ticket.ended_at or at))
