"""The row of a commitment; one that is broken is still owed."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from shared.contracts.pipeline import (
    CommitmentBroken,
    CommitmentDueSoon,
    CommitmentFulfilled,
    CommitmentMade,
    CommitmentOwnerChanged,
    CommitmentRedacted,
    CommitmentRepointed,
    CommitmentWithdrawn,
)

from customer_360.folding import Fold


@dataclass(frozen=True, slots=True)
class Commitment:
    """A promise; `closed_at` is when it was fulfilled or withdrawn."""

    commitment_id: UUID
    version: int
    customer_id: UUID
    status: str = "open"
    contact_id: UUID | None = None
    deal_id: UUID | None = None
    kind: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    made_by: str | None = None
    owner_id: str | None = None
    made_at: datetime | None = None
    due_at: datetime | None = None
    is_due_soon: bool = False
    broken_at: datetime | None = None
    closed_at: datetime | None = None
    handover_id: UUID | None = None

    @property
    def is_owed(self) -> bool:
        """Whether the customer still waits for it."""
        return self.status in {"open", "broken"}


fold = Fold[Commitment](
    "commitment_id",
    lambda first: Commitment(
        first.event.commitment_id,
        first.envelope.version,
        first.event.customer_id,
        made_at=first.envelope.time,
    ),
)


@fold.on(CommitmentMade)
def made(commitment: Commitment, event: CommitmentMade) -> Commitment:
    return replace(
        commitment,
        contact_id=event.contact_id,
        deal_id=event.deal_id,
        kind=event.kind,
        amount=event.amount,
        currency=event.currency,
        made_by=event.made_by,
        owner_id=event.owner_id,
        due_at=event.due_at,
    )


@fold.on(CommitmentDueSoon)
def due_soon(commitment: Commitment, event: CommitmentDueSoon) -> Commitment:
    del event
    return replace(commitment, is_due_soon=True)


@fold.on(CommitmentBroken)
def broken(commitment: Commitment, event: CommitmentBroken) -> Commitment:
    return replace(commitment, status="broken", is_due_soon=False, broken_at=event.broken_at)


@fold.on(CommitmentFulfilled)
def fulfilled(commitment: Commitment, event: CommitmentFulfilled) -> Commitment:
    return replace(commitment, status="fulfilled", is_due_soon=False, closed_at=event.fulfilled_at)


@fold.on(CommitmentWithdrawn)
def withdrawn(commitment: Commitment, event: CommitmentWithdrawn) -> Commitment:
    return replace(commitment, status="withdrawn", is_due_soon=False, closed_at=event.withdrawn_at)


@fold.on(CommitmentOwnerChanged)
def owner_changed(commitment: Commitment, event: CommitmentOwnerChanged) -> Commitment:
    return replace(commitment, owner_id=event.to_owner_id, handover_id=event.handover_id)


@fold.on(CommitmentRedacted)
def redacted(commitment: Commitment, event: CommitmentRedacted) -> Commitment:
    """The view never had the words; only the version moves."""
    del event
    return commitment


@fold.on(CommitmentRepointed)
def repointed(commitment: Commitment, event: CommitmentRepointed) -> Commitment:
    if event.party == "customer":
        return replace(commitment, customer_id=event.to_id)
    return replace(commitment, contact_id=event.to_id)
