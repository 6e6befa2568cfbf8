"""Tickets, clocks and surveys as sections of the projection."""

from customer_360.projecting import Reach, Section
from customer_360.tickets.fold import (
    Clock,
    Survey,
    Ticket,
    clock_fold,
    survey_fold,
    ticket_fold,
)
from customer_360.tickets.store import CLOCKS, SURVEYS, TICKETS


def _reach(reach: Reach, row: Ticket | Clock | Survey) -> None:
    reach.add(row.customer_id)


TICKET_SECTION = Section(TICKETS, ticket_fold, _reach)
CLOCK_SECTION = Section(CLOCKS, clock_fold, _reach)
SURVEY_SECTION = Section(SURVEYS, survey_fold, _reach)
