"""What was promised to the customer, as the view and the brief show it; pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from customer_360.commitments.fold import Commitment

RECENT = 10


class CommitmentShown(BaseModel):
    """What was promised, by whom and until when; its words are read at pipeline."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    commitment_id: UUID
    version: int
    status: str
    kind: str | None
    contact_id: UUID | None
    deal_id: UUID | None
    amount: Decimal | None
    currency: str | None
    made_by: str | None
    owner_id: str | None
    made_at: datetime | None
    due_at: datetime | None
    is_due_soon: bool
    broken_at: datetime | None
    closed_at: datetime | None


class CommitmentsShown(BaseModel):
    """What is still owed, the next due first, broken ones too; then what was closed last."""

    model_config = ConfigDict(frozen=True)

    open: list[CommitmentShown]
    broken: int
    recent: list[CommitmentShown]


def commitments_of(commitments: Sequence[Commitment]) -> CommitmentsShown:
    """The section of the view."""
    done = [each for each in commitments if not each.is_owed]
    done.sort(key=lambda each: (str(each.closed_at), each.commitment_id), reverse=True)
    return CommitmentsShown(
        open=owed_of(commitments),
        broken=sum(each.status == "broken" for each in commitments),
        recent=[CommitmentShown.model_validate(each) for each in done[:RECENT]],
    )


def owed_of(commitments: Iterable[Commitment]) -> list[CommitmentShown]:
    """What the customer still waits for, the next due first."""
    owed = [each for each in commitments if each.is_owed]
    owed.sort(key=lambda each: (str(each.due_at), each.commitment_id))
    return [CommitmentShown.model_validate(each) for each in owed]
