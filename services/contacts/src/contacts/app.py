"""The composition root of contacts."""

from functools import partial

from fastapi import FastAPI
from shared.contracts.contacts import ContactState, CustomerState
from shared.messaging.resyncing import Resyncable
from shared.runtime import Job
from shared.service import Service, build_app
from shared.settings import from_environment

from contacts.config import Settings
from contacts.consents import api as consents
from contacts.consents.consumers import optouts
from contacts.customers import api as customers
from contacts.customers import store as customers_store
from contacts.customers.consumers import deals, orders
from contacts.imports import api as imports
from contacts.imports.handlers import run_imports
from contacts.intake.consumers import intake
from contacts.people import api as people
from contacts.people import store as people_store
from contacts.privacy import api as privacy
from contacts.privacy.consumers import consumer as privacy_consumer
from contacts.privacy.handlers import watch_deadlines
from contacts.suppressions import api as suppressions

IMPORT_POLL = 0.25
IMPORT_POLL_AT_REST = 1.0
DEADLINE_POLL = 30.0
NOT_ERASED = "record_status <> 'erased'"


def create_app() -> FastAPI:
    settings = from_environment(Settings)
    rules = settings.point_rules
    service = Service(
        name="contacts",
        summary="Customers, people, their consents, and imports.",
        routers=[
            customers.router,
            people.router,
            consents.router,
            suppressions.router,
            imports.router,
            privacy.router,
        ],
        consumers=[optouts, deals, orders, intake(rules), privacy_consumer],
        resyncables=[
            Resyncable(CustomerState, "customers", customers_store.lock_snapshots, NOT_ERASED),
            Resyncable(ContactState, "people", people_store.lock_snapshots, NOT_ERASED),
        ],
        jobs=[
            Job(
                "imports",
                partial(run_imports, rules=rules),
                every=IMPORT_POLL,
                at_rest=IMPORT_POLL_AT_REST,
            ),
            Job("watch-deadlines", watch_deadlines, every=DEADLINE_POLL),
        ],
    )
    return build_app(service, settings)
