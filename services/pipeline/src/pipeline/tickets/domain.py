"""A ticket as pipeline knows it, and the dangers to deals that follow from it."""

from dataclasses import dataclass, replace
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
    """`severity` is None while only a breach of the ticket's promise was heard of."""

    ticket_id: UUID
    customer_id: UUID
    severity: int | None = None
    is_open: bool = True
    is_breached: bool = False

    def dangers(self) -> dict[RiskCode, RiskSeverity]:
        """What the ticket means for the customer's open deals."""
        dangers: dict[RiskCode, RiskSeverity] = {}
        if self.is_open and self.severity is not None and self.severity <= CRITICAL_SEVERITY:
            dangers["open-critical-ticket"] = "high"
        if self.is_open and self.is_breached:
            dangers["sla-breached"] = "medium"
        return dangers


def evolve(ticket: Ticket, fact: TicketFact) -> Ticket:
    """Fold a fact in. Clocks are another topic: a breach may come before or after its ticket."""
    match fact:
        case TicketOpened():
            return replace(ticket, severity=fact.severity)
        case TicketPriorityChanged():
            return replace(ticket, severity=fact.to_severity, is_open=fact.status not in _OVER)
        case TicketReopened():
            return replace(ticket, severity=fact.severity, is_open=True)
        case TicketResolved() | TicketCancelled():
            return replace(ticket, severity=fact.severity, is_open=False, is_breached=False)
        case TicketClosed():
            return replace(ticket, is_open=False, is_breached=False)
        case ClockBreached():
            return replace(ticket, is_breached=ticket.is_open)
