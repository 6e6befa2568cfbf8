"""A handover: started, waiting for every service's word, completed, with exceptions where late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeAlias, assert_never
from uuid import UUID

from shared.contracts.contacts import (
    HandoverCompleted,
    HandoverReason,
    HandoverStarted,
    HandoverStatus,
    Moved,
)
from shared.errors import ConflictError, InvalidError, NotFoundError

REQUIRED = ("contacts", "pipeline", "service-desk", "campaigns")
"""The services that something can be owned in."""

DUE_WITHIN = timedelta(hours=1)
"""How long services have to move everything, unless said otherwise."""


class HandoverNotFoundError(NotFoundError):
    """There is no such handover."""


class HandoverIdIsTakenError(ConflictError):
    """This id (or Idempotency-Key) belongs to a handover of other people."""


class HandoverIsRunningError(ConflictError):
    """A handover of this employee is running already."""


class SameOwnerError(InvalidError):
    """Nobody hands over to themselves."""


@dataclass(frozen=True, slots=True)
class Handover:
    """`acknowledged` is what each service has moved, by kind; who is not in it has not said so."""

    handover_id: UUID
    from_owner_id: str
    to_owner_id: str
    reason_code: str
    started_by: str
    started_at: datetime
    due_at: datetime
    status: HandoverStatus = "waiting-acks"
    acknowledged: Mapping[str, Mapping[str, int]] = field(
        default_factory=dict[str, Mapping[str, int]]
    )
    closed_at: datetime | None = None
    version: int = 0
    until: datetime | None = None

    @property
    def unresolved(self) -> tuple[str, ...]:
        """The services that have not acknowledged."""
        return tuple(service for service in REQUIRED if service not in self.acknowledged)


@dataclass(frozen=True, slots=True)
class StartHandover:
    handover_id: UUID
    from_owner_id: str
    to_owner_id: str
    reason_code: HandoverReason
    started_by: str
    at: datetime
    due_at: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """A service says what it moved."""

    service: str
    moved: Mapping[str, int]
    at: datetime


@dataclass(frozen=True, slots=True)
class CloseHandover:
    """End it with what there is: the time is up, or a person says so."""

    at: datetime


Command: TypeAlias = Acknowledge | CloseHandover


def start(
    handover: Handover | None, command: StartHandover
) -> tuple[Handover, HandoverStarted] | None:
    """A new handover and its fact; None for a repeat."""
    if handover is not None:
        said = (command.from_owner_id, command.to_owner_id, command.reason_code)
        if said != (handover.from_owner_id, handover.to_owner_id, handover.reason_code):
            raise HandoverIdIsTakenError(handover_id=command.handover_id)
        return None
    if command.from_owner_id == command.to_owner_id:
        raise SameOwnerError(field="to_owner_id")
    begun = Handover(
        handover_id=command.handover_id,
        from_owner_id=command.from_owner_id,
        to_owner_id=command.to_owner_id,
        reason_code=command.reason_code,
        started_by=command.started_by,
        started_at=command.at,
        due_at=command.due_at or command.at + DUE_WITHIN,
        version=1,
        until=command.until,
    )
    started = HandoverStarted(
        handover_id=begun.handover_id,
        from_owner_id=begun.from_owner_id,
        to_owner_id=begun.to_owner_id,
        reason_code=begun.reason_code,
        due_at=begun.due_at,
        required_acks=REQUIRED,
        until=begun.until,
    )
    return begun, started


def carry_out(handover: Handover, command: Command) -> tuple[Handover, Sequence[HandoverCompleted]]:
    """What a command makes of a handover; the same again changes nothing."""
    match command:
        case Acknowledge():
            return _acknowledge(handover, command)
        case CloseHandover():
            return _close(handover, command)
        case _:
            assert_never(command)


def _acknowledge(
    handover: Handover, command: Acknowledge
) -> tuple[Handover, Sequence[HandoverCompleted]]:
    if command.service in handover.acknowledged:
        return handover, []
    acknowledged = {**handover.acknowledged, command.service: dict(command.moved)}
    after = replace(handover, acknowledged=acknowledged)
    return (after, []) if after.unresolved else _completed(after, "completed", command.at)


def _close(
    handover: Handover, command: CloseHandover
) -> tuple[Handover, Sequence[HandoverCompleted]]:
    if handover.status != "waiting-acks":
        return handover, []
    return _completed(handover, "completed-with-exceptions", command.at)


def _completed(
    handover: Handover, status: HandoverStatus, at: datetime
) -> tuple[Handover, Sequence[HandoverCompleted]]:
    after = replace(handover, status=status, closed_at=at, version=handover.version + 1)
    moved = tuple(
        Moved(service=service, kind=kind, count=count)
        for service in sorted(after.acknowledged)
        for kind, count in sorted(after.acknowledged[service].items())
    )
    fact = HandoverCompleted(
        handover_id=after.handover_id,
        from_owner_id=after.from_owner_id,
        to_owner_id=after.to_owner_id,
        status=status,
        moved=moved,
        unresolved=after.unresolved,
        acks=tuple(sorted(after.acknowledged)),
        briefing_ref=f"/v1/handovers/{after.handover_id}/brief",
    )
    return after, [fact]
