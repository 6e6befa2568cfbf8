"""Proposals to offboard a customer or to take it back: proposed → approved | declined.

Who proposed one cannot approve it. What the customer still owes or is owed is listed beside it, and
hinders nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias
from uuid import UUID

from shared.errors import ConflictError, NotFoundError

Target: TypeAlias = Literal["offboarded", "prospect"]
Status: TypeAlias = Literal["proposed", "approved", "declined"]


class ProposalNotFoundError(NotFoundError):
    """There is no such proposal."""


class ProposalIdIsTakenError(ConflictError):
    """This Idempotency-Key belongs to another proposal."""


class ProposalIsOpenError(ConflictError):
    """A proposal for this customer waits for its decision already."""


class ProposalIsDecidedError(ConflictError):
    """The proposal was decided otherwise before."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one person wants to become of a customer, and what another decided."""

    proposal_id: UUID
    customer_id: UUID
    to: Target
    reason_code: str
    proposed_by: str
    proposed_at: datetime
    status: Status = "proposed"
    decided_by: str | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Commitment:
    """A deal that is not closed, or an order that is not paid."""

    kind: Literal["deal", "order"]
    id: UUID
    status: str | None
    amount: Decimal | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal and what is open between the customer and us, as far as contacts knows."""

    proposal: Proposal
    commitments: Sequence[Commitment]


def repeated(known: Proposal, proposal: Proposal) -> Proposal:
    """The answer to a repeat: what became of the first."""
    said = (proposal.customer_id, proposal.to, proposal.reason_code, proposal.proposed_by)
    if said != (known.customer_id, known.to, known.reason_code, known.proposed_by):
        raise ProposalIdIsTakenError(proposal_id=known.proposal_id)
    return known


def decided(proposal: Proposal, status: Status, by: str, at: datetime) -> Proposal:
    """The proposal after a decision; the same again changes nothing."""
    if proposal.status == status:
        return proposal
    if proposal.status != "proposed":
        raise ProposalIsDecidedError(proposal_id=proposal.proposal_id, status=proposal.status)
    return replace(proposal, status=status, decided_by=by, decided_at=at)
