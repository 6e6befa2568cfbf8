"""What a ticket means for deals, whatever of it is heard of first."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from pipeline.definitions.domain import (
    STANDARD_PIPELINE,
    Definition,
    PublishPipeline,
    StagesInvalidError,
    decide,
)
from pipeline.tickets.domain import Ticket, TicketFact, begun, evolve
from shared.contracts.service_desk import (
    ClockBreached,
    TicketClosed,
    TicketOpened,
    TicketReopened,
    TicketResolved,
)

TICKET = Ticket(UUID(int=1), UUID(int=2), severity=2)
OTHER, TAKEN = UUID(int=3), UUID(int=4)
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def folded(turns: Iterable[tuple[TicketFact, int]]) -> Ticket:
    """Facts and the minutes they happened at, in the order in which they are heard of."""
    ticket: Ticket | None = None
    for fact, minute in turns:
        ticket = evolve(ticket or begun(fact), fact, NOON + timedelta(minutes=minute))
    assert ticket is not None
    return ticket


def opened(customer_id: UUID, severity: int = 2) -> TicketOpened:
    return TicketOpened(
        ticket_id=TICKET.ticket_id,
        number="T-1",
        customer_id=customer_id,
        channel="phone",
        ticket_type="repair",
        severity=severity,
        priority="urgent",
        sla_policy_id=UUID(int=9),
        sla_policy_version=1,
        received_at=NOON,
        source="agent",
    )


def reopened(customer_id: UUID, severity: int = 2) -> TicketReopened:
    return TicketReopened(
        ticket_id=TICKET.ticket_id,
        customer_id=customer_id,
        severity=severity,
        reopen_count=1,
        reason_code="not-done",
    )


def resolved(customer_id: UUID) -> TicketResolved:
    return TicketResolved(
        ticket_id=TICKET.ticket_id,
        customer_id=customer_id,
        severity=3,
        resolution_code="fixed",
        root_cause="fuse",
        agent_id="bo",
        business_minutes=5,
        resolved_at=NOON + timedelta(minutes=2),
    )


def breached(customer_id: UUID, minute: int = 1) -> ClockBreached:
    return ClockBreached(
        clock_id=UUID(int=8),
        ticket_id=TICKET.ticket_id,
        customer_id=customer_id,
        metric="resolution",
        severity=3,
        due_at=NOON,
        breached_at=NOON + timedelta(minutes=minute),
    )


@pytest.mark.parametrize("severity", [1, 2])
def test_an_open_grave_ticket_is_a_high_danger(severity: int) -> None:
    ticket = Ticket(UUID(int=1), UUID(int=2), severity)
    assert ticket.dangers() == {"open-critical-ticket": "high"}


@pytest.mark.parametrize("severity", [3, 4, None])
def test_a_lesser_or_unknown_one_is_none(severity: int | None) -> None:
    assert Ticket(UUID(int=1), UUID(int=2), severity).dangers() == {}


def test_a_broken_promise_is_a_danger_of_its_own() -> None:
    ticket = Ticket(UUID(int=1), UUID(int=2), 3, breached_at=NOON)
    assert ticket.dangers() == {"sla-breached": "medium"}


def test_a_closed_ticket_is_no_danger() -> None:
    closed = TicketClosed(
        ticket_id=TICKET.ticket_id, customer_id=TICKET.customer_id, closed_by="auto"
    )
    assert evolve(TICKET, closed, NOON).dangers() == {}


def test_a_ticket_is_whose_it_was_opened_for_wherever_it_was_taken_later() -> None:
    facts = [(opened(OTHER), 0), (breached(TAKEN), 1), (reopened(TAKEN), 2)]
    for turns in permutations(facts):
        if turns.index(facts[0]) < turns.index(facts[2]):  # these two are of one topic
            ticket = folded(turns)
            assert ticket.customer_id == OTHER
            assert ticket.dangers() == {"open-critical-ticket": "high", "sla-breached": "medium"}


def test_a_breach_waits_for_the_ticket_that_it_is_of() -> None:
    assert folded([(breached(TAKEN), 1)]).dangers() == {}


@pytest.mark.parametrize(("minute", "dangers"), [(1, {}), (2, {}), (4, {"sla-breached": "medium"})])
def test_a_breach_counts_from_the_last_end_on_whenever_it_is_heard_of(
    minute: int, dangers: dict[str, str]
) -> None:
    of_ticket = [(opened(OTHER, 3), 0), (resolved(OTHER), 2), (reopened(OTHER, 3), 3)]
    for place in range(4):
        turns = [*of_ticket[:place], (breached(OTHER, minute), minute), *of_ticket[place:]]
        assert folded(turns).dangers() == dangers


def test_a_pipeline_needs_sound_stages() -> None:
    nothing = Definition(STANDARD_PIPELINE.pipeline_id)
    stages = STANDARD_PIPELINE.stages
    for broken in (stages[:-1], stages[:3], stages[3:], (*stages, stages[0])):
        with pytest.raises(StagesInvalidError):
            decide(nothing, PublishPipeline(nothing.pipeline_id, "x", "y", broken))
