"""Composition root of pipeline."""

from fastapi import FastAPI
from shared.contracts.handovers import HANDOVER_ACKNOWLEDGED
from shared.contracts.pipeline import CommitmentState, DealState, LeadState, OrderState
from shared.handovers import acknowledging, handover_jobs
from shared.merges import merge_jobs
from shared.messaging.resyncing import Resyncable
from shared.runtime import Job
from shared.service import Service, build_app
from shared.settings import from_environment

from pipeline.access_requests import api as access_requests_api
from pipeline.access_requests import consumers as access_requests_consumers
from pipeline.commitments import api as commitments_api
from pipeline.commitments import store as commitments_store
from pipeline.commitments.handlers import wake_commitments
from pipeline.config import Settings
from pipeline.deals import api as deals_api
from pipeline.deals import consumers as deals_consumers
from pipeline.deals import store as deals_store
from pipeline.definitions import api as definitions_api
from pipeline.definitions.handlers import publish_standard_pipeline
from pipeline.erasures import consumers as erasures_consumers
from pipeline.handovers.consumers import consumer as handovers
from pipeline.handovers.handlers import move
from pipeline.leads import api as leads_api
from pipeline.leads import consumers as leads_consumers
from pipeline.leads import store as leads_store
from pipeline.merges.consumers import consumer as merges
from pipeline.merges.handlers import repointing
from pipeline.orders import api as orders_api
from pipeline.orders import consumers as orders_consumers
from pipeline.orders import store as orders_store
from pipeline.payments.handlers import look_at_invoices
from pipeline.persons import Intake
from pipeline.signals.store import prune

HOURLY = 3600.0


def create_app() -> FastAPI:
    """Orders come in bursts; tickets and leads have consumers of their own, so they never queue."""
    settings = from_environment(Settings)
    intake = Intake(settings.hash_key.get_secret_value(), settings.default_owner)
    service = Service(
        name="pipeline",
        summary="Leads, deals, promises and orders.",
        chapters={
            "leads": "Who might buy, from the first sign to a customer and a deal.",
            "deals": "What might be sold: amount, close date, dangers, and how it ends.",
            "commitments": "What a customer was promised until a day, and whether it was kept.",
            "pipelines": "Which stages a deal goes through, by versions.",
            "orders": "What customers ordered, as the order system tells it.",
        },
        routers=(
            leads_api.router,
            deals_api.router,
            commitments_api.router,
            definitions_api.router,
            orders_api.router,
            access_requests_api.router,
        ),
        consumers=(
            orders_consumers.orders,
            orders_consumers.customers,
            deals_consumers.consumer,
            erasures_consumers.end_with_forms(leads_consumers.consumer(intake)),
            access_requests_consumers.consumer,
            handovers,
            deals_consumers.holds,
            leads_consumers.grades,
            merges,
        ),
        resyncables=(
            Resyncable(LeadState, "leads", leads_store.lock_snapshots, "erased_at IS NULL"),
            Resyncable(DealState, "deals", deals_store.lock_snapshots),
            Resyncable(CommitmentState, "commitments", commitments_store.lock_snapshots),
            Resyncable(OrderState, "orders", orders_store.lock_snapshots),
        ),
        jobs=(
            Job("publish-standard-pipeline", publish_standard_pipeline, HOURLY),
            Job("wake-commitments", wake_commitments, every=1.0),
            Job("look-at-invoices", look_at_invoices, every=1.0),
            Job("prune-signals", prune, HOURLY),
            *handover_jobs("pipeline", move, acknowledging(HANDOVER_ACKNOWLEDGED["pipeline"])),
            *merge_jobs("pipeline", repointing(intake.default_owner)),
        ),
    )
    app = build_app(service, settings)
    app.state.intake = intake
    return app
