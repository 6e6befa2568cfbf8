"""The composition root of contacts."""

from functools import partial

from fastapi import FastAPI
from shared.contracts.contacts import ContactState, CustomerState, HouseholdState
from shared.handovers import handover_jobs
from shared.messaging.resyncing import Resyncable
from shared.runtime import Job
from shared.service import Service, build_app
from shared.settings import from_environment

from contacts.access_requests import api as access_requests
from contacts.access_requests.consumers import consumer as privacy_consumer
from contacts.access_requests.handlers import assemble, forget_bundles
from contacts.addresses import api as addresses
from contacts.auto_merges.handlers import merge_sure
from contacts.candidates import api as candidates
from contacts.chapters import CHAPTERS
from contacts.config import Settings
from contacts.consents import api as consents
from contacts.consents.consumers import confirmations, optouts
from contacts.consents.handlers import expire_consents
from contacts.credit import api as credit
from contacts.credit.consumers import consumer as credit_orders
from contacts.credit.handlers import assess_all
from contacts.customers import api as customers
from contacts.customers import store as customers_store
from contacts.customers.consumers import deals, orders
from contacts.dormancy import api as dormancy
from contacts.dormancy.handlers import notice_quiet_customers
from contacts.dormancy.handlers import run_dry_runs as run_dormancy_dry_runs
from contacts.duplicates import api as duplicates
from contacts.exports import api as exports
from contacts.grades import api as grades
from contacts.grades.consumers import consumer as grade_figures
from contacts.grades.consumers import suggestions
from contacts.grades.handlers import review_due, run_dry_runs
from contacts.handovers import api as handovers
from contacts.handovers.consumers import consumer as handover_acks
from contacts.handovers.handlers import SERVICE, acknowledge_own, close_overdue, move
from contacts.households import api as households
from contacts.households import store as households_store
from contacts.import_helper import run_imports
from contacts.imports import api as imports
from contacts.intake.consumers import intake
from contacts.interactions import api as interactions
from contacts.interactions.consumers import consumer as interaction_reactions
from contacts.interest.consumers import consumer as interest
from contacts.merges import api as merges
from contacts.merges.handlers import forget_closed
from contacts.occasions import api as occasions
from contacts.offboardings import api as offboardings
from contacts.partners import api as partners
from contacts.partners.handlers import expire_reps
from contacts.people import api as people
from contacts.people import store as people_store
from contacts.people.consumers import bounces
from contacts.permits import api as permits
from contacts.permits.handlers import forget_ended
from contacts.preferences import api as preferences
from contacts.preferences.consumers import consumer as preferences_learned
from contacts.privacy import api as privacy
from contacts.privacy.handlers import watch_deadlines
from contacts.relationships import api as relationships
from contacts.restorations import api as restorations
from contacts.scans import api as scans
from contacts.scans.handlers import run_scans, start_nightly
from contacts.suppressions import api as suppressions
from contacts.touches import api as touches_api
from contacts.touches.consumers import touches

IMPORT_POLL = 0.25
IMPORT_POLL_AT_REST = 1.0
HANDOVER_POLL = 5.0
SCAN_POLL = 0.5
SCAN_POLL_AT_REST = 5.0
DEADLINE_POLL = 30.0
BUNDLE_POLL = 0.5
BUNDLE_POLL_AT_REST = 2.0
REVIEW_POLL = 60.0
REVIEW_POLL_AT_REST = 600.0
ASSESS_POLL = 3600.0
DORMANCY_POLL = 3600.0
AUTO_MERGE_POLL = 60.0
NIGHTLY_POLL = 60.0
NOT_ERASED = "record_status <> 'erased'"


def auto_merges(settings: Settings) -> list[Job]:
    """Merges without a person: a job where the setting says so."""
    job = partial(merge_sure, window=settings.merge_window)
    return [Job("auto-merges", job, every=AUTO_MERGE_POLL)] if settings.auto_merge else []


def nightly_scans(settings: Settings) -> list[Job]:
    """The whole base is looked through each night, unless the setting says otherwise."""
    if settings.scan_hour == "off":
        return []
    job = partial(start_nightly, hour=settings.scan_hour)
    return [Job("nightly-scans", job, every=NIGHTLY_POLL)]


def create_app() -> FastAPI:
    settings = from_environment(Settings)
    rules = settings.point_rules
    service = Service(
        name="contacts",
        summary="Customers, people, their consents, and imports.",
        chapters=CHAPTERS,
        routers=[
            customers.router,
            people.router,
            addresses.router,
            consents.router,
            permits.router,
            restorations.router,
            suppressions.router,
            imports.router,
            candidates.router,
            scans.router,
            duplicates.router,
            handovers.router,
            privacy.router,
            access_requests.router,
            exports.router,
            grades.router,
            offboardings.router,
            credit.router,
            dormancy.router,
            interactions.router,
            touches_api.router,
            preferences.router,
            relationships.router,
            households.router,
            partners.router,
            occasions.router,
            merges.router,
        ],
        consumers=[
            optouts,
            confirmations(rules),
            deals,
            orders,
            intake(rules),
            bounces(rules),
            handover_acks,
            privacy_consumer,
            grade_figures,
            suggestions,
            credit_orders,
            interaction_reactions,
            interest,
            preferences_learned,
            touches(rules),
        ],
        resyncables=[
            Resyncable(CustomerState, "customers", customers_store.lock_snapshots, NOT_ERASED),
            Resyncable(ContactState, "people", people_store.lock_snapshots, NOT_ERASED),
            Resyncable(HouseholdState, "households", households_store.lock_snapshots),
        ],
        jobs=[
            Job(
                "imports",
                partial(run_imports, rules=rules),
                every=IMPORT_POLL,
                at_rest=IMPORT_POLL_AT_REST,
            ),
            *handover_jobs(SERVICE, move, acknowledge_own),
            Job("close-overdue-handovers", close_overdue, every=HANDOVER_POLL),
            Job("expire-consents", expire_consents, every=1.0, at_rest=30.0),
            Job("expire-reps", expire_reps, every=1.0, at_rest=30.0),
            Job("forget-permits", forget_ended, every=60.0),
            *nightly_scans(settings),
            Job("duplicate-scans", run_scans, every=SCAN_POLL, at_rest=SCAN_POLL_AT_REST),
            Job("watch-deadlines", watch_deadlines, every=DEADLINE_POLL),
            Job(
                "assemble-bundles",
                partial(assemble, departments=settings.departments, rules=rules),
                every=BUNDLE_POLL,
                at_rest=BUNDLE_POLL_AT_REST,
            ),
            Job("forget-bundles", forget_bundles, every=DEADLINE_POLL),
            Job("grade-dry-runs", run_dry_runs, every=SCAN_POLL, at_rest=SCAN_POLL_AT_REST),
            Job(
                "dormancy-dry-runs",
                run_dormancy_dry_runs,
                every=SCAN_POLL,
                at_rest=SCAN_POLL_AT_REST,
            ),
            Job("grade-reviews", review_due, every=REVIEW_POLL, at_rest=REVIEW_POLL_AT_REST),
            Job("assess-credit", assess_all, every=ASSESS_POLL),
            Job("dormancy", notice_quiet_customers, every=DORMANCY_POLL),
            *auto_merges(settings),
            Job("forget-merges", forget_closed, every=60.0),
        ],
    )
    return build_app(service, settings)
