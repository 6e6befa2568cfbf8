"""The row of a privacy request: ids, codes and times, nobody's name."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from shared.contracts.contacts import (
    ErasureCompleted,
    ErasureRequested,
    ExportCompleted,
    ExportRequested,
    PrivacyRequestRejected,
    ProcessingRestricted,
    RestrictionLifted,
)

from customer_360.folding import Arrived, Fold


@dataclass(frozen=True, slots=True)
class PrivacyRequest:
    """Who asked for what, and how far it has come; `since` is when the first fact told of it.

    A request that waits for the identity is told only where it already restricts what is done.
    """

    request_id: UUID
    version: int
    kind: str
    status: str = "in-progress"
    contact_ids: tuple[UUID, ...] = ()
    customer_ids: tuple[UUID, ...] = ()
    since: datetime | None = None
    deadline_at: datetime | None = None
    reason_code: str | None = None

    def restricts(self, contact_id: UUID) -> bool:
        """Whether nothing may be done with the data of this person while the request is open."""
        is_over = self.status in {"completed", "rejected"} or self.kind == "export"
        return not is_over and contact_id in self.contact_ids


AnyFact: TypeAlias = (
    ProcessingRestricted
    | RestrictionLifted
    | ErasureRequested
    | ErasureCompleted
    | ExportRequested
    | ExportCompleted
    | PrivacyRequestRejected
)


def _kind_of(event: AnyFact) -> str:
    match event:
        case ErasureRequested() | ErasureCompleted():
            return "erasure"
        case ExportRequested() | ExportCompleted():
            return "export"
        case PrivacyRequestRejected():
            return event.kind
        case ProcessingRestricted():
            return "erasure" if event.scope == "erasure" else "restriction"
        case RestrictionLifted():
            return "restriction"


def _first(first: Arrived[AnyFact]) -> PrivacyRequest:
    event, envelope = first.event, first.envelope
    kind = _kind_of(event)
    return PrivacyRequest(event.request_id, envelope.version, kind, since=envelope.time)


fold = Fold[PrivacyRequest]("request_id", _first)


@fold.on(ProcessingRestricted)
def restricted(request: PrivacyRequest, event: ProcessingRestricted) -> PrivacyRequest:
    contact_ids = dict.fromkeys((*request.contact_ids, event.contact_id))
    status = "received" if request.kind == "erasure" else "in-progress"
    return replace(request, contact_ids=tuple(contact_ids), status=status)


@fold.on(RestrictionLifted)
def lifted(request: PrivacyRequest, event: RestrictionLifted) -> PrivacyRequest:
    """The end of a restriction; of an erasure that was rejected it is told already."""
    contact_ids = tuple(dict.fromkeys((*request.contact_ids, event.contact_id)))
    status = "completed" if request.kind == "restriction" else request.status
    return replace(request, contact_ids=contact_ids, status=status)


@fold.on(ErasureRequested)
def erasure_requested(request: PrivacyRequest, event: ErasureRequested) -> PrivacyRequest:
    return replace(_of(request, event), status="in-progress", deadline_at=event.deadline_at)


@fold.on(ErasureCompleted)
def erasure_completed(request: PrivacyRequest, event: ErasureCompleted) -> PrivacyRequest:
    return replace(_of(request, event), status="completed")


@fold.on(ExportRequested)
def export_requested(request: PrivacyRequest, event: ExportRequested) -> PrivacyRequest:
    return replace(_of(request, event), status="in-progress", deadline_at=event.deadline_at)


@fold.on(ExportCompleted)
def export_completed(request: PrivacyRequest, event: ExportCompleted) -> PrivacyRequest:
    contact_ids = request.contact_ids or (event.contact_id,)
    return replace(request, contact_ids=contact_ids, status="completed")


@fold.on(PrivacyRequestRejected)
def rejected(request: PrivacyRequest, event: PrivacyRequestRejected) -> PrivacyRequest:
    return replace(_of(request, event), status="rejected", reason_code=event.reason_code)


def _of(
    request: PrivacyRequest,
    event: ErasureRequested | ErasureCompleted | ExportRequested | PrivacyRequestRejected,
) -> PrivacyRequest:
    return replace(request, contact_ids=event.contact_ids, customer_ids=event.customer_ids)
