"""The campaigns service: its parts, put together."""

from fastapi import FastAPI
from shared.contracts.campaigns import CampaignState, FormState
from shared.contracts.handovers import HANDOVER_ACKNOWLEDGED
from shared.handovers import acknowledging, handover_jobs
from shared.merges import merge_jobs
from shared.messaging.resyncing import Resyncable
from shared.runtime import Job
from shared.service import Service, build_app
from shared.settings import from_environment

from campaigns.access_requests import api as access_requests_api
from campaigns.access_requests import consumers as access_requests_consumers
from campaigns.asking import Contacts
from campaigns.attributions import consumers as attribution_consumers
from campaigns.campaigns import api as campaigns_api
from campaigns.campaigns import store as campaigns_store
from campaigns.campaigns.handlers import reserve_messages
from campaigns.config import Settings
from campaigns.confirmations import api as confirmations_api
from campaigns.confirmations import consumers as confirmation_consumers
from campaigns.confirming import Asker
from campaigns.forms import api as forms_api
from campaigns.forms import store as forms_store
from campaigns.handovers.consumers import consumer as handovers
from campaigns.handovers.handlers import move
from campaigns.links import Links
from campaigns.merges.consumers import consumer as merges
from campaigns.merges.handlers import REPOINTING
from campaigns.messages import api as messages_api
from campaigns.messages.handlers import give_up_lost, release_held
from campaigns.obstacles import consumers as obstacle_consumers
from campaigns.obstacles.handlers import forget_talks
from campaigns.occasions.consumers import consumer as occasions
from campaigns.occasions.handlers import greet
from campaigns.segments import api as segments_api
from campaigns.segments import consumers as segment_consumers
from campaigns.segments.handlers import evaluate_new_segments
from campaigns.sending import Sender

OFTEN = 0.25
AT_REST = 1.0
SELDOM = 15.0
HOURLY = 3600.0


def create_app() -> FastAPI:
    """The ASGI app; reads the environment."""
    settings = from_environment(Settings)
    sender = Sender(
        settings.smtp_url.get_secret_value(),
        settings.sender,
        Links(settings.link_key.get_secret_value(), settings.public_url),
        Contacts(settings.contacts_url, settings.contacts_token_source()),
    )
    service = Service(
        name="campaigns",
        summary="Forms, segments, campaigns, and mail that honours every no.",
        chapters={
            "forms": "Forms of web sites, and what people submit by them.",
            "segments": "Sets of people by rules or by hand.",
            "campaigns": "What is written to which segments, and when.",
            "messages": "What became of each message; the links in it.",
            "confirmations": "The link by which somebody confirms what they allowed.",
        },
        routers=(
            forms_api.router,
            segments_api.router,
            campaigns_api.router,
            messages_api.router,
            confirmations_api.router,
            access_requests_api.router,
        ),
        consumers=(
            segment_consumers.consents,
            confirmation_consumers.consumer,
            access_requests_consumers.consumer,
            obstacle_consumers.consumer,
            obstacle_consumers.talks,
            attribution_consumers.consumer,
            segment_consumers.people(settings.hash_key.get_secret_value()),
            segment_consumers.orders,
            handovers,
            merges,
            occasions,
        ),
        resyncables=(
            Resyncable(CampaignState, "campaigns", campaigns_store.lock_snapshots),
            Resyncable(FormState, "submissions", forms_store.lock_snapshots),
        ),
        jobs=(
            Job("evaluate-segments", evaluate_new_segments, OFTEN, AT_REST),
            Job("reserve-messages", reserve_messages, OFTEN, AT_REST),
            Job("release-held", release_held, OFTEN, AT_REST),
            Job("send", sender.send_due, OFTEN, AT_REST),
            Job("ask-for-confirmation", Asker(sender).ask_due, OFTEN, AT_REST),
            Job("give-up-lost", give_up_lost, SELDOM),
            Job("forget-talks", forget_talks, HOURLY),
            Job("greet", greet, HOURLY),
            *handover_jobs("campaigns", move, acknowledging(HANDOVER_ACKNOWLEDGED["campaigns"])),
            *merge_jobs("campaigns", REPOINTING),
        ),
    )
    return build_app(service, settings)
