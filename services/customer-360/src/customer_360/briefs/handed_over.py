"""What one handover gives to whom: each thing once, from before it has moved; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from customer_360.commitments.fold import Commitment
from customer_360.deals.fold import Deal
from customer_360.handovers.fold import Handover, Ownership
from customer_360.leads.fold import Lead
from customer_360.profiles.figures import Basis
from customer_360.tickets.fold import Ticket

Kind = Literal["customer", "deal", "lead", "ticket", "commitment"]


class HandedOver(BaseModel):
    """One thing, and who gets it; once it has moved, who has it: the new owner, or their heir."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    id: UUID
    from_owner_id: str
    to_owner_id: str
    has_moved: bool


@dataclass(frozen=True, slots=True)
class _Thing:
    """Whatever somebody answers for, and the handover in which it came to them, if in any."""

    kind: Kind
    id: UUID
    owner_id: str | None
    handover_id: UUID | None
    is_open: bool


def handed_over_of(
    handover: Handover, ownership: Ownership | None, basis: Basis, leads: Sequence[Lead]
) -> list[HandedOver]:
    """What of this customer changes hands: itself, and what of it is open or has moved."""
    things = [
        _customer(basis, ownership),
        *map(_deal, basis.deals),
        *map(_lead, leads),
        *map(_ticket, basis.tickets),
        *map(_commitment, basis.commitments),
    ]
    return _given(handover, things)


def lead_handed_over(handover: Handover, lead: Lead) -> HandedOver:
    """The same of a lead that is known to change hands."""
    [given] = _given(handover, [_lead(lead)])
    return given


def _customer(basis: Basis, ownership: Ownership | None) -> _Thing:
    """A customer's snapshot and the fact of its owner arrive in any order; the fact knows why."""
    said = basis.customer.owner_id if basis.customer else None
    owner_id = ownership.owner_id if ownership and ownership.handover_id else said
    handover_id = ownership.handover_id if ownership else None
    return _Thing("customer", basis.customer_id, owner_id, handover_id, is_open=True)


def _deal(deal: Deal) -> _Thing:
    return _Thing("deal", deal.deal_id, deal.owner_id, deal.handover_id, deal.status == "open")


def _lead(lead: Lead) -> _Thing:
    return _Thing("lead", lead.lead_id, lead.owner_id, lead.handover_id, lead.is_open)


def _ticket(ticket: Ticket) -> _Thing:
    return _Thing("ticket", ticket.ticket_id, ticket.agent_id, ticket.handover_id, ticket.is_open)


def _commitment(promise: Commitment) -> _Thing:
    return _Thing(
        "commitment",
        promise.commitment_id,
        promise.owner_id,
        promise.handover_id,
        promise.is_owed,
    )


def _given(handover: Handover, things: Iterable[_Thing]) -> list[HandedOver]:
    return [
        HandedOver(
            kind=thing.kind,
            id=thing.id,
            from_owner_id=handover.from_owner_id,
            to_owner_id=(thing.owner_id if has_moved else None) or handover.to_owner_id,
            has_moved=has_moved,
        )
        for thing in things
        if (has_moved := thing.handover_id == handover.handover_id)
        or (thing.is_open and thing.owner_id is not None and thing.owner_id == handover.giver_id)
    ]
