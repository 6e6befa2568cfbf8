"""The row of a handover, and of each customer's last change of owner."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from shared.contracts.contacts import (
    CustomerOwnerChanged,
    HandoverCompleted,
    HandoverStarted,
    Moved,
)

from customer_360.folding import Arrived, Fold


@dataclass(frozen=True, slots=True)
class Handover:
    """A handover and how far it is; `moved` and `unresolved` are told when it is over."""

    handover_id: UUID
    version: int
    from_owner_id: str
    to_owner_id: str
    reason_code: str | None = None
    status: str = "waiting-acks"
    started_at: datetime | None = None
    due_at: datetime | None = None
    moved: tuple[Moved, ...] = ()
    unresolved: tuple[str, ...] = ()

    @property
    def giver_id(self) -> str | None:
        """Whoever is to have nothing left: nobody where it is over, and they only were away."""
        is_over = self.status != "waiting-acks" and self.reason_code != "left"
        return None if is_over else self.from_owner_id


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who took the customer over last, and in which handover, if in any."""

    customer_id: UUID
    version: int
    owner_id: str
    handover_id: UUID | None = None


def _first(first: Arrived[HandoverStarted | HandoverCompleted]) -> Handover:
    event, envelope = first.event, first.envelope
    return Handover(
        event.handover_id,
        envelope.version,
        event.from_owner_id,
        event.to_owner_id,
        started_at=envelope.time,
    )


handover_fold = Fold[Handover]("handover_id", _first)
ownership_fold = Fold[Ownership](
    "customer_id",
    lambda first: Ownership(
        first.event.customer_id, first.envelope.version, first.event.to_owner_id
    ),
)


@handover_fold.on(HandoverStarted)
def started(handover: Handover, event: HandoverStarted) -> Handover:
    return replace(handover, reason_code=event.reason_code, due_at=event.due_at)


@handover_fold.on(HandoverCompleted)
def completed(handover: Handover, event: HandoverCompleted) -> Handover:
    return replace(handover, status=event.status, moved=event.moved, unresolved=event.unresolved)


@ownership_fold.on(CustomerOwnerChanged)
def owner_changed(ownership: Ownership, event: CustomerOwnerChanged) -> Ownership:
    return replace(ownership, owner_id=event.to_owner_id, handover_id=event.handover_id)
