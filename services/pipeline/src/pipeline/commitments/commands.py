"""What can be asked of a commitment; ids and times come in with the command."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from shared.contracts.pipeline import CommitmentKind
from shared.contracts.values import Party


@dataclass(frozen=True, slots=True)
class MakeCommitment:
    """`made_by` promised it and `owner_id` answers for it; `text` says what, in their words."""

    commitment_id: UUID
    customer_id: UUID
    kind: CommitmentKind
    text: str
    made_by: str
    owner_id: str
    due_at: datetime
    at: datetime
    contact_id: UUID | None = None
    deal_id: UUID | None = None
    amount: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class FulfilCommitment:
    """It was kept; `evidence_ref` names what shows it, as a delivery note."""

    at: datetime
    evidence_ref: str | None = None


@dataclass(frozen=True, slots=True)
class WithdrawCommitment:
    """The customer's person releases us from it."""

    agreed_with_contact_id: UUID
    reason_code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChangeCommitmentOwner:
    """Another employee answers for it, by hand or because of a handover."""

    owner_id: str
    reason_code: str
    handover_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class LapseTime:
    """Say what time has made true."""

    at: datetime


@dataclass(frozen=True, slots=True)
class RepointCommitment:
    """What names one record names another from now on."""

    party: Party
    from_id: UUID
    to_id: UUID


CommitmentCommand: TypeAlias = (
    MakeCommitment
    | FulfilCommitment
    | WithdrawCommitment
    | ChangeCommitmentOwner
    | LapseTime
    | RepointCommitment
)
