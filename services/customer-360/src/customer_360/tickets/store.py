"""The tables of service."""

from customer_360.guarded import GuardedTable
from customer_360.tickets.fold import Clock, Survey, Ticket

TICKETS = GuardedTable("tickets", Ticket)
CLOCKS = GuardedTable("clocks", Clock)
SURVEYS = GuardedTable("surveys", Survey)
