"""The webhooks service: its parts, put together."""

from collections.abc import Callable
from functools import partial

from aiohttp.abc import AbstractResolver
from fastapi import FastAPI
from shared.runtime import Job
from shared.service import Service, build_app
from shared.settings import from_environment

from webhooks.config import Settings
from webhooks.deliveries import consumers as delivery_consumers
from webhooks.egress import Names
from webhooks.log import api as log_api
from webhooks.log.store import prune
from webhooks.sealing import Seal
from webhooks.sending import Sender
from webhooks.subscriptions import api as subscriptions_api

AFTER_A_FAULT = 1.0
PRUNE_EVERY = 1.0
PRUNE_AT_REST = 600.0


def create_app() -> FastAPI:
    """The ASGI app; reads the environment."""
    settings = from_environment(Settings)
    seal = Seal(settings.seal_keys)
    service = Service(
        name="webhooks",
        summary="Facts as signed HTTP requests, for those without Kafka.",
        chapters={
            "subscriptions": "Who is told which events, at which address.",
            "deliveries": "What was sent, what was answered, and sending it again.",
        },
        routers=(subscriptions_api.router, log_api.router),
        consumers=(delivery_consumers.consumer,),
        jobs=(
            Job("send", sender_of(settings, seal).send, AFTER_A_FAULT),
            Job("prune", partial(prune, keep_days=settings.keep_days), PRUNE_EVERY, PRUNE_AT_REST),
        ),
    )
    app = build_app(service, settings)
    app.state.seal = seal
    return app


def sender_of(
    settings: Settings, seal: Seal, names: Callable[[], AbstractResolver] = Names
) -> Sender:
    """The sender that these settings make."""
    return Sender(settings.egress, seal, settings.timeout_seconds, settings.ca_file, names)
