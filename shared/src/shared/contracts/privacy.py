"""What every other service publishes about privacy requests: that it erased, or can tell."""

from typing import cast
from uuid import UUID

from shared.contracts.contacts.privacy import Retained
from shared.contracts.topic import Event, EventT, events_topic

HOLDS = "what a service erased of a person, what it keeps, that it can tell"

PIPELINE_PRIVACY = events_topic("pipeline", "privacy", key="request_id", holds=HOLDS)
SERVICE_DESK_PRIVACY = events_topic("service-desk", "privacy", key="request_id", holds=HOLDS)
CAMPAIGNS_PRIVACY = events_topic("campaigns", "privacy", key="request_id", holds=HOLDS)
CUSTOMER_360_PRIVACY = events_topic("customer-360", "privacy", key="request_id", holds=HOLDS)

_TOPICS = (PIPELINE_PRIVACY, SERVICE_DESK_PRIVACY, CAMPAIGNS_PRIVACY, CUSTOMER_360_PRIVACY)

ANSWERING = tuple(topic.publisher for topic in _TOPICS)
"""The services that hold something of people, beside contacts; each must acknowledge."""


class ErasureAcknowledged(Event):
    """The service holds nothing personal of these people any more.

    `erased` counts what was deleted or redacted, by what it is; `retained` is kept, without a
    name, for the reason given.
    """

    request_id: UUID
    erased: dict[str, int]
    retained: tuple[Retained, ...] = ()


def _declared(fact: type[EventT], name: str) -> dict[str, type[EventT]]:
    """The fact as each service publishes it: the same fields, a type and a topic of its own."""
    made: dict[str, type[EventT]] = {}
    for topic in _TOPICS:
        title = topic.publisher.title().replace("-", "") + fact.__name__
        members = {"__doc__": fact.__doc__, "__module__": __name__}
        own: type[EventT] = cast("type[EventT]", type(title, (fact,), members))
        made[topic.publisher] = topic.fact(name)(own)
    return made


class ExportAcknowledged(Event):
    """The service has read all that came before the request and can tell what it holds.

    `collected` counts it, by what it is. The part itself is told to contacts alone, over HTTP.
    """

    request_id: UUID
    collected: dict[str, int]


ERASURE_ACKNOWLEDGED = _declared(ErasureAcknowledged, "erasure-acknowledged")
EXPORT_ACKNOWLEDGED = _declared(ExportAcknowledged, "export-acknowledged")
