"""Composition: makes a FastAPI app of a service's routers, consumers and jobs."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from fastapi import APIRouter, FastAPI

from shared import failpoints
from shared.auth import Authenticator
from shared.contracts.readers import own_topics
from shared.garbage import spare_the_collector
from shared.http import clearing, events, operations, parked, resync
from shared.http.context import RequestContext
from shared.http.openapi import Api
from shared.http.problems import add_problem_handlers
from shared.http.refusing import about_problems
from shared.logs import configure_logs
from shared.messaging.bookmarks import Cursors
from shared.messaging.closing import Closing
from shared.messaging.following import Following
from shared.messaging.reactions import Consumer
from shared.messaging.resyncing import Resyncable, Resyncing
from shared.runtime import Job, Work, running
from shared.settings import ServiceSettings

_CHAPTERS_OF_ALL = {
    "events": "What the service publishes, for those who cannot read Kafka.",
    "resync": "Have it published again how records are now.",
    "parked records": "What a consumer could not apply: look at it, redrive or discard it.",
    "privacy": "What the service holds of a person, for whoever answers an access request.",
    "operations": "Whether the service is alive and ready, and its figures.",
}


@dataclass(frozen=True, slots=True)
class Service:
    """What a service consists of; `app.py` fills it in, `build_app` runs it.

    `chapters` are the tags of its routers, each with a sentence that says what is there.
    `resyncables` are the aggregates whose snapshots it can publish again; without any it has no
    resync. `prepare` is done at each start before anything else runs, possibly by two processes.
    """

    name: str
    summary: str
    routers: Sequence[APIRouter]
    chapters: Mapping[str, str] = field(default_factory=dict[str, str])
    consumers: Sequence[Consumer] = ()
    jobs: Sequence[Job] = ()
    resyncables: Sequence[Resyncable] = ()
    prepare: Work | None = None


def build_app(service: Service, settings: ServiceSettings) -> FastAPI:
    """The ASGI app of a service: its API, the operations endpoints, and its background."""
    configure_logs(service.name)
    failpoints.require_known()
    topics = frozenset(topic.name for topic in own_topics(service.name))
    following = Following(service.name, topics, settings.kafka.client_options())
    resyncing = Resyncing(
        service.name,
        {each.aggregate: each for each in service.resyncables},
        settings.kafka.client_options(),
    )

    closing = Closing(service.name, settings.kafka.client_options())
    upkeep = [
        *([resyncing.job()] if service.resyncables else []),
        *([closing.job()] if closing.topics else []),
    ]

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with running(
            service.name,
            settings,
            service.consumers,
            (*service.jobs, *upkeep),
            prepare=service.prepare,
            following=following,
        ) as runtime:
            spare_the_collector()
            app.state.runtime = runtime
            app.state.pool = runtime.pool
            yield

    app = Api(
        title=f"Rapport {service.name}",
        summary=service.summary,
        description=about_problems(service.name),
        openapi_tags=[
            {"name": name, "description": sentence}
            for name, sentence in {**_CHAPTERS_OF_ALL, **service.chapters}.items()
        ],
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.consumers = {consumer.name: consumer for consumer in service.consumers}
    app.state.following = following
    app.state.resyncing = resyncing
    app.state.cursors = Cursors(service.name, settings.jwt_key.get_secret_value(), topics)
    app.state.authenticator = Authenticator(
        settings.jwt_key.get_secret_value(), settings.jwt_algorithm
    )
    add_problem_handlers(app)
    app.add_middleware(RequestContext, service=service.name)
    for router in (
        *service.routers,
        events.router,
        *([resync.router] if service.resyncables else []),
        clearing.router,
        parked.router,
        operations.router,
    ):
        app.include_router(router)
    return app
