"""The brief of one customer: what is open, what was promised, who is who, what happened last."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from shared.contracts.contacts import Credit

from customer_360.alerts.derive import Alert, credit_alerts
from customer_360.briefs.handed_over import HandedOver, handed_over_of, lead_handed_over
from customer_360.handovers.fold import Handover, Ownership
from customer_360.interactions.fold import Interaction
from customer_360.leads.fold import Lead
from customer_360.people.fold import Contact
from customer_360.profiles.figures import Basis, open_alerts
from customer_360.profiles.promised import CommitmentShown, owed_of
from customer_360.profiles.view import (
    ClockShown,
    DealShown,
    InteractionShown,
    LeadShown,
    TicketShown,
)
from customer_360.timeline.store import StoredItem


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class PersonInBrief(_Shown):
    """Somebody at the customer today; `stance` is how the last touch with them felt, as noted."""

    contact_id: UUID
    name: str | None
    job_title: str | None
    role: str | None
    is_primary: bool
    stance: str | None
    stance_at: datetime | None


class LastEvent(_Shown):
    """A line of the customer's timeline."""

    at: datetime
    kind: str
    service: str
    title: str
    actor: str


class CustomerBrief(_Shown):
    """One customer; `commitments` are owed, `promises` the clocks that run: the next due first.

    `handed_over` says what of it changes hands; the rest is there to be known.
    """

    customer_id: UUID
    display_name: str | None
    kind: str | None
    lifecycle: str | None
    owner_id: str | None
    handed_over: list[HandedOver]
    people: list[PersonInBrief]
    leads: list[LeadShown]
    deals: list[DealShown]
    tickets: list[TicketShown]
    commitments: list[CommitmentShown]
    promises: list[ClockShown]
    credit: Credit | None
    alerts: list[Alert]
    last_interactions: list[InteractionShown]
    last_events: list[LastEvent]


class LeadInBrief(LeadShown):
    """A lead that names no customer yet, and whose it is as far as that is known."""

    contact_id: UUID | None
    name: str | None
    handed_over: HandedOver


@dataclass(frozen=True, slots=True)
class Briefed:
    """What is known of one customer; interactions and events are the last ones, the newest first.

    `felt` are interactions of which somebody noted how they felt.
    """

    basis: Basis
    ownership: Ownership | None
    people: Sequence[Contact]
    leads: Sequence[Lead]
    interactions: Sequence[Interaction]
    felt: Sequence[Interaction]
    events: Sequence[StoredItem]


def brief_of(handover: Handover, known: Briefed) -> CustomerBrief:
    """The brief of one customer; pure."""
    basis = known.basis
    customer = basis.customer
    clocks = [clock for clock in basis.clocks if clock.is_open]
    leads = [lead for lead in known.leads if lead.is_open]
    credit = customer.credit if customer else None
    return CustomerBrief(
        customer_id=basis.customer_id,
        display_name=customer.display_name if customer else None,
        kind=customer.kind if customer else None,
        lifecycle=customer.lifecycle if customer else None,
        owner_id=customer.owner_id if customer else None,
        handed_over=handed_over_of(handover, known.ownership, basis, known.leads),
        people=_people(basis.customer_id, known.people, known.felt),
        leads=[
            LeadShown.model_validate(lead)
            for lead in sorted(leads, key=lambda lead: str(lead.response_due_at))
        ],
        deals=[DealShown.model_validate(deal) for deal in basis.deals if deal.status == "open"],
        tickets=[TicketShown.model_validate(each) for each in basis.tickets if each.is_open],
        commitments=owed_of(basis.commitments),
        promises=[
            ClockShown.model_validate(clock)
            for clock in sorted(clocks, key=lambda clock: str(clock.due_at))
        ],
        credit=credit,
        alerts=[*open_alerts(basis), *credit_alerts(credit)],
        last_interactions=[InteractionShown.model_validate(each) for each in known.interactions],
        last_events=[_event(item) for item in known.events],
    )


def lead_of(handover: Handover, lead: Lead, person: Contact | None) -> LeadInBrief:
    """A lead of nobody, who is known as far as the person is; pure."""
    return LeadInBrief(
        **LeadShown.model_validate(lead).model_dump(),
        contact_id=lead.contact_id,
        name=person.full_name if person else None,
        handed_over=lead_handed_over(handover, lead),
    )


def _people(
    customer_id: UUID, people: Sequence[Contact], felt: Sequence[Interaction]
) -> list[PersonInBrief]:
    last = {contact_id: each for each in reversed(felt) for contact_id in each.contact_ids}
    here = [
        PersonInBrief(
            contact_id=contact.contact_id,
            name=contact.full_name,
            job_title=contact.job_title,
            role=part.role,
            is_primary=part.is_primary,
            stance=touch.sentiment if touch else None,
            stance_at=touch.occurred_at if touch else None,
        )
        for contact in people
        for touch in [last.get(contact.contact_id)]
        for part in contact.memberships
        if part.customer_id == customer_id and part.until is None
    ]
    return sorted(here, key=lambda person: (not person.is_primary, person.name or ""))


def _event(item: StoredItem) -> LastEvent:
    said: Mapping[str, str] = json.loads(item.item)
    return LastEvent(
        at=item.at,
        kind=item.kind,
        service=item.service,
        title=said["title"],
        actor=said["actor"],
    )
