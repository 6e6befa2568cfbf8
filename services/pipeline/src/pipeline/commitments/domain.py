"""A commitment: open → fulfilled | broken | withdrawn; what is broken is still owed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from shared.contracts.pipeline import (
    CommitmentBroken,
    CommitmentDueSoon,
    CommitmentFulfilled,
    CommitmentMade,
    CommitmentOwnerChanged,
    CommitmentRepointed,
    CommitmentState,
    CommitmentStatus,
    CommitmentWithdrawn,
)
from shared.errors import ConflictError, InvalidError, NotFoundError

from pipeline.commitments.commands import MakeCommitment

WARNED_BEFORE = timedelta(days=1)

CommitmentEvent: TypeAlias = (
    CommitmentMade
    | CommitmentDueSoon
    | CommitmentBroken
    | CommitmentFulfilled
    | CommitmentWithdrawn
    | CommitmentOwnerChanged
    | CommitmentRepointed
)


class CommitmentNotFoundError(NotFoundError):
    """There is no such commitment."""


class CommitmentExistsError(ConflictError):
    """Another commitment was made under this Idempotency-Key."""


class CommitmentIsFulfilledError(ConflictError):
    """The promise was kept; nothing is owed any more."""


class CommitmentIsWithdrawnError(ConflictError):
    """The customer released us from the promise; make a new one."""


class CommitmentIsBrokenError(ConflictError):
    """The promise is broken: it can be fulfilled late, not be taken back."""


class CommitmentIsDueInThePastError(InvalidError):
    """A promise is for a time to come."""


class DealIsUnknownError(InvalidError):
    """There is no such deal."""


class DealIsOfAnotherCustomerError(InvalidError):
    """The deal is not this customer's."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """`closed_at` is when it was fulfilled or withdrawn; `broken_at` stays where it was late."""

    commitment_id: UUID
    customer_id: UUID
    contact_id: UUID | None
    deal_id: UUID | None
    kind: str
    text: str
    amount: Decimal | None
    currency: str | None
    made_by: str
    owner_id: str
    made_at: datetime
    due_at: datetime
    version: int = 0
    status: CommitmentStatus = "open"
    is_due_soon: bool = False
    broken_at: datetime | None = None
    closed_at: datetime | None = None
    evidence_ref: str | None = None
    reason_code: str | None = None

    @property
    def warn_at(self) -> datetime:
        """A day before it is due; of a promise for less than two days, after half of its time."""
        return self.due_at - min(WARNED_BEFORE, (self.due_at - self.made_at) / 2)

    @property
    def wake_at(self) -> datetime | None:
        """When it next has something to say of itself; None where time changes nothing of it."""
        if self.status != "open":
            return None
        return self.due_at if self.is_due_soon else self.warn_at


def begun(command: MakeCommitment) -> Commitment:
    """A commitment that nobody knows of yet: its version is 0."""
    return Commitment(
        commitment_id=command.commitment_id,
        customer_id=command.customer_id,
        contact_id=command.contact_id,
        deal_id=command.deal_id,
        kind=command.kind,
        text=command.text,
        amount=command.amount,
        currency=command.currency,
        made_by=command.made_by,
        owner_id=command.owner_id,
        made_at=command.at,
        due_at=command.due_at,
    )


def evolve(commitment: Commitment, event: CommitmentEvent) -> Commitment:  # noqa: PLR0911 -- one per fact
    commitment = replace(commitment, version=commitment.version + 1)
    match event:
        case CommitmentMade():
            return commitment
        case CommitmentDueSoon():
            return replace(commitment, is_due_soon=True)
        case CommitmentBroken(broken_at=at):
            return replace(commitment, status="broken", is_due_soon=False, broken_at=at)
        case CommitmentFulfilled(fulfilled_at=at, evidence_ref=ref):
            kept = replace(commitment, status="fulfilled", is_due_soon=False)
            return replace(kept, closed_at=at, evidence_ref=ref)
        case CommitmentWithdrawn(withdrawn_at=at, reason_code=reason):
            released = replace(commitment, status="withdrawn", is_due_soon=False)
            return replace(released, closed_at=at, reason_code=reason)
        case CommitmentOwnerChanged(to_owner_id=owner_id):
            return replace(commitment, owner_id=owner_id)
        case CommitmentRepointed(party="customer", to_id=to_id):
            return replace(commitment, customer_id=to_id)
        case CommitmentRepointed(to_id=to_id):
            return replace(commitment, contact_id=to_id)


def folded(commitment: Commitment, events: Iterable[CommitmentEvent]) -> Commitment:
    for event in events:
        commitment = evolve(commitment, event)
    return commitment


def snapshot(commitment: Commitment) -> CommitmentState:
    """The whole commitment, for those who keep a copy."""
    return CommitmentState(
        commitment_id=commitment.commitment_id,
        customer_id=commitment.customer_id,
        contact_id=commitment.contact_id,
        deal_id=commitment.deal_id,
        kind=commitment.kind,
        text=commitment.text,
        amount=commitment.amount,
        currency=commitment.currency,
        made_by=commitment.made_by,
        owner_id=commitment.owner_id,
        made_at=commitment.made_at,
        due_at=commitment.due_at,
        status=commitment.status,
        is_due_soon=commitment.is_due_soon,
        broken_at=commitment.broken_at,
        closed_at=commitment.closed_at,
        evidence_ref=commitment.evidence_ref,
        reason_code=commitment.reason_code,
    )
