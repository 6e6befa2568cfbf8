"""What a ticket means for deals, whatever of it is heard of first."""

from uuid import UUID

import pytest
from pipeline.definitions.domain import (
    STANDARD_PIPELINE,
    Definition,
    PublishPipeline,
    StagesInvalidError,
    decide,
)
from pipeline.tickets.domain import Ticket, evolve
from shared.contracts.service_desk import TicketClosed

TICKET = Ticket(UUID(int=1), UUID(int=2), severity=2)


@pytest.mark.parametrize("severity", [1, 2])
def test_an_open_grave_ticket_is_a_high_danger(severity: int) -> None:
    ticket = Ticket(UUID(int=1), UUID(int=2), severity)
    assert ticket.dangers() == {"open-critical-ticket": "high"}


@pytest.mark.parametrize("severity", [3, 4, None])
def test_a_lesser_or_unknown_one_is_none(severity: int | None) -> None:
    assert Ticket(UUID(int=1), UUID(int=2), severity).dangers() == {}


def test_a_broken_promise_is_a_danger_of_its_own() -> None:
    ticket = Ticket(UUID(int=1), UUID(int=2), 3, is_breached=True)
    assert ticket.dangers() == {"sla-breached": "medium"}


def test_a_closed_ticket_is_no_danger() -> None:
    closed = TicketClosed(
        ticket_id=TICKET.ticket_id, customer_id=TICKET.customer_id, closed_by="auto"
    )
    assert evolve(TICKET, closed).dangers() == {}


def test_a_pipeline_needs_sound_stages() -> None:
    nothing = Definition(STANDARD_PIPELINE.pipeline_id)
    stages = STANDARD_PIPELINE.stages
    for broken in (stages[:-1], stages[:3], stages[3:], (*stages, stages[0])):
        with pytest.raises(StagesInvalidError):
            decide(nothing, PublishPipeline(nothing.pipeline_id, "x", "y", broken))
