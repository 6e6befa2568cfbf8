"""Composition root of customer-360."""

from fastapi import FastAPI
from shared.contracts.customer_360 import ProfileState
from shared.messaging.resyncing import Resyncable
from shared.service import Service, build_app
from shared.settings import from_environment

from customer_360.access_requests import api as access_requests
from customer_360.access_requests.consumers import consumer as privacy
from customer_360.briefs import api as briefs
from customer_360.config import Settings
from customer_360.consumers import MAX_RECORDS, consumers
from customer_360.grades.consumers import consumer as policies
from customer_360.histories import api as histories
from customer_360.histories.asking import Contacts
from customer_360.page import api as page
from customer_360.profiles import api as profiles
from customer_360.profiles.pressure import Pressure
from customer_360.profiles.publishing import Publishing, lock_snapshots
from customer_360.search import api as search
from customer_360.streams import api as streams
from customer_360.streams.watching import Watching
from customer_360.timeline import api as timeline


def create_app() -> FastAPI:
    """The app, as uvicorn starts it."""
    settings = from_environment(Settings)
    watching = Watching()
    pressure = Pressure(full_batch=MAX_RECORDS // 2)
    service = Service(
        name="customer-360",
        summary="One view of the customer, folded from every fact.",
        chapters={
            "search": "Find a customer by whatever is known of it.",
            "profiles": "Everything about one customer, as fresh as its sources.",
            "timeline": "Everything that happened with a customer, the latest first.",
            "histories": "Who changed what, as contacts tells whoever asks.",
            "streams": "Be told when a customer has changed.",
            "handovers": "What a new owner has to know of what is handed over.",
        },
        routers=(
            search.router,
            profiles.router,
            timeline.router,
            streams.router,
            page.router,
            briefs.router,
            histories.router,
            access_requests.router,
        ),
        consumers=(
            *consumers(settings.hash_key.get_secret_value(), pressure),
            privacy,
            policies,
        ),
        resyncables=(
            Resyncable(ProfileState, "profiles", lock_snapshots, "published_version IS NOT NULL"),
        ),
        jobs=(Publishing(pressure).job(), watching.job()),
    )
    app = build_app(service, settings)
    app.state.watching = watching
    app.state.contacts = Contacts(settings.contacts_url)
    return app
