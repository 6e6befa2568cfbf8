"""service-desk, put together."""

from fastapi import FastAPI
from shared.contracts.handovers import HANDOVER_ACKNOWLEDGED
from shared.contracts.service_desk import TicketState
from shared.handovers import acknowledging, handover_jobs
from shared.merges import merge_jobs
from shared.messaging.resyncing import Resyncable
from shared.runtime import Job
from shared.service import Service, build_app
from shared.settings import from_environment

import service_desk.access_requests.api
import service_desk.access_requests.consumers
import service_desk.agents.api
import service_desk.calendars.api
import service_desk.erasures.consumers
import service_desk.grades.consumers
import service_desk.policies.api
import service_desk.surveys.api
import service_desk.surveys.consumers
import service_desk.tickets.api
import service_desk.tickets.consumers
import service_desk.tickets.store
from service_desk.clocks.handlers import fire_timers
from service_desk.config import Settings
from service_desk.defaults import publish_defaults
from service_desk.handovers.consumers import consumer as handovers
from service_desk.handovers.handlers import move
from service_desk.merges.consumers import consumer as merges
from service_desk.merges.handlers import REPOINTING
from service_desk.tickets.handlers import close_resolved_tickets

ACKNOWLEDGED = HANDOVER_ACKNOWLEDGED["service-desk"]


def create_app() -> FastAPI:
    """The ASGI app; settings come from the environment."""
    service = Service(
        name="service-desk",
        summary="Tickets, the clocks that run against them, and how satisfied people were.",
        chapters={
            "tickets": "What customers ask for or complain about, from the first word to the end.",
            "agents": "Who answers: skills, shifts, absences.",
            "calendars": "When work is done, by which the clocks of tickets run.",
            "service levels": "How fast tickets are answered and solved, by policies.",
            "surveys": "How satisfied people were.",
        },
        routers=(
            service_desk.tickets.api.router,
            service_desk.agents.api.router,
            service_desk.calendars.api.router,
            service_desk.policies.api.router,
            service_desk.surveys.api.router,
            service_desk.access_requests.api.router,
        ),
        consumers=(
            service_desk.tickets.consumers.consumer,
            service_desk.tickets.consumers.promises,
            service_desk.tickets.consumers.lifecycles,
            service_desk.surveys.consumers.consumer,
            handovers,
            service_desk.access_requests.consumers.consumer,
            service_desk.erasures.consumers.consumer,
            service_desk.grades.consumers.consumer,
            merges,
        ),
        resyncables=(
            Resyncable(TicketState, "tickets", service_desk.tickets.store.lock_snapshots),
        ),
        jobs=(
            Job("fire-timers", fire_timers, every=1.0),
            Job("close-resolved-tickets", close_resolved_tickets, every=60.0),
            *handover_jobs("service-desk", move, acknowledging(ACKNOWLEDGED)),
            *merge_jobs("service-desk", REPOINTING),
        ),
        prepare=publish_defaults,
    )
    return build_app(service, from_environment(Settings))
