"""Handovers: everything that one employee answers for becomes another's."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.topic import Event, events_topic
from shared.contracts.values import Value

HandoverReason = Literal["left", "absence", "territory", "request"]
HandoverStatus = Literal["waiting-acks", "completed", "completed-with-exceptions"]

HANDOVER_EVENTS = events_topic(
    "contacts", "handover", key="handover_id", holds="what one employee hands over to another"
)


class Moved(Value):
    """How many things of one kind a service gave to the new owner."""

    service: str
    kind: str
    count: int


@HANDOVER_EVENTS.fact("started")
class HandoverStarted(Event):
    """Every service gives what the one owns to the other, and acknowledges by `due_at`.

    After `left` the former owner may own nothing any more, in no service. `until` is how long an
    absence lasts; what was moved is given back by a handover of its own.
    """

    handover_id: UUID
    from_owner_id: str
    to_owner_id: str
    reason_code: Annotated[str, Open.to(HandoverReason)]
    due_at: datetime
    required_acks: tuple[str, ...]
    until: datetime | None = None


@HANDOVER_EVENTS.fact("completed")
class HandoverCompleted(Event):
    """Every service moved all there was, or the time is up: `unresolved` names who has not said so.

    A service that acknowledges later completes the handover once more, without exceptions. `acks`
    are those that have; `briefing_ref` is the path at customer-360 of the brief for the new owner.
    """

    handover_id: UUID
    from_owner_id: str
    to_owner_id: str
    status: Annotated[str, Open.to(HandoverStatus)]
    moved: tuple[Moved, ...] = ()
    unresolved: tuple[str, ...] = ()
    acks: tuple[str, ...] = ()
    briefing_ref: str | None = None
