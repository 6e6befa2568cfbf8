"""What can be asked of a lead; ids and times come in with the command."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from shared.contracts.values import Party


@dataclass(frozen=True, slots=True)
class CreateLead:
    """Somebody showed interest. `intake_id` is the form's submission, or the request's own id.

    `person_hash` stands for the person; without it nobody can say whether we know them already.
    """

    intake_id: UUID
    lead_id: UUID
    source: str
    channel: str
    received_at: datetime
    name: str | None = None
    company: str | None = None
    email: str | None = None
    phone: str | None = None
    need: str | None = None
    product_interests: tuple[str, ...] = ()
    campaign_id: UUID | None = None
    submission_id: UUID | None = None
    person_hash: str | None = None


@dataclass(frozen=True, slots=True)
class AssignLead:
    owner_id: str
    reason_code: str = "manual"
    handover_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ContactLead:
    """The first answer reached the person."""

    at: datetime


@dataclass(frozen=True, slots=True)
class ScoreLead:
    """The person did something. `reward` is who gets the lead if that makes it a good one."""

    points: int
    reason: str
    reward: str | None = None


@dataclass(frozen=True, slots=True)
class QualifyLead:
    by: str
    framework: str
    answers: dict[str, str]


@dataclass(frozen=True, slots=True)
class DisqualifyLead:
    by: str
    reason_code: str
    duplicate_of: UUID | None = None


@dataclass(frozen=True, slots=True)
class IdentifyLead:
    contact_id: UUID
    customer_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PrioritizeLead:
    """The lead is of this customer, which has this grade."""

    customer_id: UUID
    customer_grade: str | None


@dataclass(frozen=True, slots=True)
class RepointLead:
    """What names one record names another from now on."""

    party: Party
    from_id: UUID
    to_id: UUID


@dataclass(frozen=True, slots=True)
class DealTerms:
    """The deal that a lead is converted into."""

    name: str
    amount: Decimal
    currency: str
    expected_close_date: date
    kind: str = "new-business"
    product_lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConvertLead:
    by: str
    deal: DealTerms | None = None


LeadCommand: TypeAlias = (
    CreateLead
    | AssignLead
    | ContactLead
    | ScoreLead
    | QualifyLead
    | DisqualifyLead
    | IdentifyLead
    | PrioritizeLead
    | ConvertLead
    | RepointLead
)
