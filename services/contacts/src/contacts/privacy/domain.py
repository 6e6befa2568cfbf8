"""Privacy requests: received → identity-verified → in-progress → completed | rejected; pure.

A restriction is in progress at once and completed when it is lifted: whoever asks for less asks for
nothing that could hurt the wrong person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from shared.contracts.contacts import (
    Channel,
    ErasureCompleted,
    ErasureRequested,
    ErasureScope,
    PrivacyKind,
    PrivacyRequestRejected,
    PrivacyStatus,
    ProcessingRestricted,
    RecordStatus,
    RejectedFor,
    RestrictionLifted,
    Retained,
)
from shared.contracts.privacy import ANSWERING
from shared.contracts.topic import Event
from shared.errors import ConflictError, InvalidError, NotFoundError

OPEN: tuple[PrivacyStatus, ...] = ("received", "identity-verified", "in-progress")
NOT_REJECTED: tuple[PrivacyStatus, ...] = (*OPEN, "completed")
SUPPRESSION_HASH = Retained(category="suppression-hash", legal_basis="objection")
"""Without it nobody could tell that this address must not be written to again."""


class PrivacyRequestNotFoundError(NotFoundError):
    """There is no such privacy request."""


class PrivacyRequestExistsError(ConflictError):
    """This id (or Idempotency-Key) belongs to another privacy request."""


class PrivacyRequestIsOverError(ConflictError):
    """The request is completed or rejected."""


class PrivacyRequestIsUnderWayError(ConflictError):
    """The request is in progress: what was erased cannot be brought back."""


class IdentityIsNotVerifiedError(ConflictError):
    """Nothing is erased or told before it is certain that the person asks; verify first."""


class ErasureIsAskedForError(ConflictError):
    """Another request already asks for this erasure."""


class AccessIsUnderWayError(ConflictError):
    """What is held of these people is being told; erase them when that request is completed."""


class NobodyIsNamedError(InvalidError):
    """Name the person (contact_id) or the individual customer (customer_id) it is about."""


class CustomerIsNoPersonError(ConflictError):
    """An organization is no person; ask for the erasure of its people."""


class KindForbidsError(ConflictError):
    """A request of this kind has no such step."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How long a request may take by law, and how long we want it to take."""

    deadline: timedelta
    target: timedelta
    bundle_kept: timedelta


@dataclass(frozen=True, slots=True)
class Whom:
    """Whom a request is about; merged records count as the person's, too."""

    contact_ids: tuple[UUID, ...] = ()
    customer_ids: tuple[UUID, ...] = ()

    @property
    def scope(self) -> ErasureScope:
        if not self.contact_ids:
            return "customer"
        return "person-and-customer" if self.customer_ids else "person"


@dataclass(frozen=True, slots=True)
class Address:
    """An address as a suppression knows it."""

    channel: Channel
    subject_hash: str


@dataclass(frozen=True, slots=True)
class Found:
    """What contacts knows of the person that the other services need, to find what is theirs."""

    addresses: tuple[Address, ...] = ()
    submission_ids: tuple[UUID, ...] = ()
    legal_holds: tuple[Retained, ...] = ()


@dataclass(frozen=True, slots=True)
class Ack:
    """What one service counted (erased, or found to tell) and what it keeps."""

    service: str
    counts: Mapping[str, int]
    retained: tuple[Retained, ...]
    acknowledged_at: datetime


@dataclass(frozen=True, slots=True)
class PrivacyRequest:
    """`retained` are the legal holds first, and in the end all that is kept."""

    request_id: UUID
    kind: PrivacyKind
    whom: Whom
    scope: str
    requested_by: str
    correlation_id: str
    received_at: datetime
    target_at: datetime
    deadline_at: datetime
    status: PrivacyStatus = "received"
    version: int = 0
    former_statuses: Mapping[UUID, RecordStatus] = field(default_factory=dict[UUID, RecordStatus])
    retained: tuple[Retained, ...] = ()
    required_acks: tuple[str, ...] = ()
    acks: tuple[Ack, ...] = ()
    reason_code: str | None = None
    verified_by: str | None = None
    ended_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def awaited(self) -> tuple[str, ...]:
        """The services that have not answered yet."""
        if self.status != "in-progress":
            return ()
        answered = {ack.service for ack in self.acks}
        return tuple(service for service in self.required_acks if service not in answered)

    def is_overdue(self, at: datetime) -> bool:
        return self.is_open and self.kind != "restriction" and self.deadline_at < at


Step: TypeAlias = tuple[PrivacyRequest, Sequence[Event]]


def restrict(request: PrivacyRequest, scope: str) -> Step:
    """Nobody writes to these people from now on, or changes them."""
    facts = [
        ProcessingRestricted(request_id=request.request_id, contact_id=contact_id, scope=scope)
        for contact_id in request.whom.contact_ids
    ]
    status: PrivacyStatus = "in-progress" if request.kind == "restriction" else request.status
    return replace(request, status=status, version=request.version + len(facts)), facts


def lift(request: PrivacyRequest, at: datetime) -> Step:
    """The person may be written to again; a repeat is quiet."""
    _require_kind(request, "restriction")
    if not request.is_open:
        return request, []
    facts = _lifted(request)
    version = request.version + len(facts)
    return replace(request, status="completed", ended_at=at, version=version), facts


def verify(request: PrivacyRequest, verified_by: str) -> PrivacyRequest:
    """It is certain that the person asks; how it was made certain is kept."""
    _require_open(request)
    if request.kind == "restriction":
        raise KindForbidsError(kind=request.kind)
    if request.status != "received":
        return request
    return replace(request, status="identity-verified", verified_by=verified_by)


def start_erasure(request: PrivacyRequest, found: Found) -> Step:
    """Ask every service to erase; a repeat is quiet."""
    _require_kind(request, "erasure")
    _require_open(request)
    if request.status == "received":
        raise IdentityIsNotVerifiedError(request_id=request.request_id)
    if request.status == "in-progress":
        return request, []
    asked = ErasureRequested(
        request_id=request.request_id,
        contact_ids=request.whom.contact_ids,
        customer_ids=request.whom.customer_ids,
        subject_hashes=tuple(dict.fromkeys(each.subject_hash for each in found.addresses)),
        submission_ids=found.submission_ids,
        scope=request.scope,
        legal_holds=found.legal_holds,
        required_acks=ANSWERING,
        target_at=request.target_at,
        deadline_at=request.deadline_at,
    )
    started = replace(
        request,
        status="in-progress",
        retained=found.legal_holds,
        required_acks=ANSWERING,
        version=request.version + 1,
    )
    return started, [asked]


def reject(request: PrivacyRequest, reason_code: RejectedFor, at: datetime) -> Step:
    """Nothing is done, for a reason; a repeat is quiet. What is in progress cannot be rejected."""
    if request.status == "rejected":
        return request, []
    _require_open(request)
    if request.status == "in-progress":
        raise PrivacyRequestIsUnderWayError(request_id=request.request_id)
    rejected = PrivacyRequestRejected(
        request_id=request.request_id,
        kind=request.kind,
        contact_ids=request.whom.contact_ids,
        customer_ids=request.whom.customer_ids,
        reason_code=reason_code,
    )
    facts = [rejected, *(_lifted(request) if request.kind == "erasure" else ())]
    version = request.version + len(facts)
    ended = replace(
        request, status="rejected", reason_code=reason_code, ended_at=at, version=version
    )
    return ended, facts


def acknowledge(request: PrivacyRequest, ack: Ack) -> PrivacyRequest:
    """Note what a service answered; one answer each, and none after the end."""
    if ack.service not in request.awaited:
        return request
    return replace(request, acks=(*request.acks, ack))


def complete_erasure(request: PrivacyRequest, at: datetime) -> Step:
    """Every service has answered and contacts has erased its own: tell what is kept, and why."""
    kept = [*request.retained, *(each for ack in request.acks for each in ack.retained)]
    retained = _longest([*kept, SUPPRESSION_HASH])
    completed = ErasureCompleted(
        request_id=request.request_id,
        contact_ids=request.whom.contact_ids,
        customer_ids=request.whom.customer_ids,
        acks=tuple(ack.service for ack in request.acks),
        retained=retained,
        completed_at=at,
    )
    done = replace(
        request,
        status="completed",
        retained=retained,
        ended_at=at,
        version=request.version + 1,
    )
    return done, [completed]


def _longest(kept: Sequence[Retained]) -> tuple[Retained, ...]:
    """Each category and basis once, for the longest time that anybody named."""
    longest: dict[tuple[str, str], Retained] = {}
    for each in kept:
        known = longest.setdefault((each.category, each.legal_basis), each)
        if known.until is not None and (each.until is None or each.until > known.until):
            longest[each.category, each.legal_basis] = each
    return tuple(longest[name] for name in sorted(longest))


def _lifted(request: PrivacyRequest) -> list[RestrictionLifted]:
    return [
        RestrictionLifted(request_id=request.request_id, contact_id=contact_id)
        for contact_id in request.whom.contact_ids
    ]


def _require_open(request: PrivacyRequest) -> None:
    if not request.is_open:
        raise PrivacyRequestIsOverError(request_id=request.request_id, status=request.status)


def _require_kind(request: PrivacyRequest, kind: PrivacyKind) -> None:
    if request.kind != kind:
        raise KindForbidsError(kind=request.kind)
