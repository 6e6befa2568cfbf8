"""What each service says of its part in a handover: the same fact, on a topic of its own."""

from typing import cast
from uuid import UUID

from shared.contracts.topic import Event, events_topic

_HOLDS = "what the service moved in each handover"

PIPELINE_HANDOVERS = events_topic("pipeline", "handover", key="handover_id", holds=_HOLDS)
SERVICE_DESK_HANDOVERS = events_topic("service-desk", "handover", key="handover_id", holds=_HOLDS)
CAMPAIGNS_HANDOVERS = events_topic("campaigns", "handover", key="handover_id", holds=_HOLDS)

_TOPICS = (PIPELINE_HANDOVERS, SERVICE_DESK_HANDOVERS, CAMPAIGNS_HANDOVERS)


class HandoverAcknowledged(Event):
    """The service gave all that the former owner answered for to the new one: counts by kind."""

    handover_id: UUID
    moved: dict[str, int]


def _declared() -> dict[str, type[HandoverAcknowledged]]:
    made: dict[str, type[HandoverAcknowledged]] = {}
    for topic in _TOPICS:
        title = topic.publisher.title().replace("-", "") + HandoverAcknowledged.__name__
        members = {"__doc__": HandoverAcknowledged.__doc__, "__module__": __name__}
        own = cast("type[HandoverAcknowledged]", type(title, (HandoverAcknowledged,), members))
        made[topic.publisher] = topic.fact("acknowledged")(own)
    return made


HANDOVER_ACKNOWLEDGED = _declared()
"""The fact by the service that publishes it."""
