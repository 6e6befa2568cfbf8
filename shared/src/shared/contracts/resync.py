"""What every service publishes of a resync: that it began, what it could not give, how it ended.

The snapshots themselves stand on their state topics, each with `ce_resyncid`, its own `ce_id` and
the version that it has had before.
"""

from datetime import datetime
from typing import Annotated, Literal, cast
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.topic import Event, EventT, Topic, events_topic

HOLDS = "what a resync brings, what it cannot give, how it ends"

CONTACTS_RESYNCS = events_topic("contacts", "resync", key="resync_id", holds=HOLDS)
PIPELINE_RESYNCS = events_topic("pipeline", "resync", key="resync_id", holds=HOLDS)
SERVICE_DESK_RESYNCS = events_topic("service-desk", "resync", key="resync_id", holds=HOLDS)
CAMPAIGNS_RESYNCS = events_topic("campaigns", "resync", key="resync_id", holds=HOLDS)
CUSTOMER_360_RESYNCS = events_topic("customer-360", "resync", key="resync_id", holds=HOLDS)

ChosenBy = Literal["all", "ids", "time"]
GapReason = Literal["not-held", "no-snapshots", "log-begins-later"]


class ResyncStarted(Event):
    """Snapshots of these aggregates are about to be published again."""

    resync_id: UUID
    aggregates: tuple[str, ...]
    chosen_by: Annotated[str, Open.to(ChosenBy)]
    changed_since: datetime | None = None
    changed_until: datetime | None = None


class ResyncGap(Event):
    """What was asked for and cannot be given: these ids, or without ids what was not named.

    `not-held`: never existed here, or was erased. `no-snapshots`: only facts are published of this
    aggregate, no state. `log-begins-later`: what changed before the log begins is not known.
    """

    resync_id: UUID
    aggregate: str
    reason: Annotated[str, Open.to(GapReason)]
    ids: tuple[UUID, ...] = ()


class ResyncCompleted(Event):
    """Everything that could be given is published: so many snapshots of each aggregate."""

    resync_id: UUID
    published: dict[str, int]
    missing: int


class ResyncCancelled(Event):
    """Nothing more comes of this resync."""

    resync_id: UUID
    published: dict[str, int]


_TOPICS = (
    CONTACTS_RESYNCS,
    PIPELINE_RESYNCS,
    SERVICE_DESK_RESYNCS,
    CAMPAIGNS_RESYNCS,
    CUSTOMER_360_RESYNCS,
)


def _declared(fact: type[EventT], name: str) -> dict[str, type[EventT]]:
    """The fact as each service publishes it: the same fields, a type and a topic of its own."""
    made: dict[str, type[EventT]] = {}
    for topic in _TOPICS:
        title = topic.publisher.title().replace("-", "") + fact.__name__
        members = {"__doc__": fact.__doc__, "__module__": __name__}
        own: type[EventT] = cast("type[EventT]", type(title, (fact,), members))
        made[topic.publisher] = topic.fact(name)(own)
    return made


RESYNC_STARTED = _declared(ResyncStarted, "started")
RESYNC_GAP = _declared(ResyncGap, "gap")
RESYNC_COMPLETED = _declared(ResyncCompleted, "completed")
RESYNC_CANCELLED = _declared(ResyncCancelled, "cancelled")


def topic_of(service: str) -> Topic:
    """The topic on which a service tells of its resyncs."""
    return RESYNC_STARTED[service].topic
