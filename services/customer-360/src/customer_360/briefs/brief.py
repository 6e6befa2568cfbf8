"""The brief of one customer: what is open, what was promised, who is who, what happened last."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from customer_360.alerts.derive import Alert
from customer_360.interactions.fold import Interaction
from customer_360.people.fold import Contact
from customer_360.profiles.figures import Basis, open_alerts
from customer_360.profiles.promised import CommitmentShown, owed_of
from customer_360.profiles.view import (
    ClockShown,
    DealShown,
    InteractionShown,
    TicketShown,
)
from customer_360.timeline.store import StoredItem


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class PersonInBrief(_Shown):
    """Somebody at the customer today."""

    contact_id: UUID
    name: str | None
    job_title: str | None
    role: str | None
    is_primary: bool


class LastEvent(_Shown):
    """A line of the customer's timeline."""

    at: datetime
    kind: str
    service: str
    title: str
    actor: str


class CustomerBrief(_Shown):
    """One customer; `commitments` are owed, `promises` the clocks that run: the next due first."""

    customer_id: UUID
    display_name: str | None
    kind: str | None
    lifecycle: str | None
    owner_id: str | None
    people: list[PersonInBrief]
    deals: list[DealShown]
    tickets: list[TicketShown]
    commitments: list[CommitmentShown]
    promises: list[ClockShown]
    alerts: list[Alert]
    last_interactions: list[InteractionShown]
    last_events: list[LastEvent]


def brief_of(
    basis: Basis,
    people: Sequence[Contact],
    items: Sequence[StoredItem],
    interactions: Sequence[Interaction],
) -> CustomerBrief:
    """The brief of one customer; pure."""
    customer = basis.customer
    clocks = [clock for clock in basis.clocks if clock.is_open]
    return CustomerBrief(
        customer_id=basis.customer_id,
        display_name=customer.display_name if customer else None,
        kind=customer.kind if customer else None,
        lifecycle=customer.lifecycle if customer else None,
        owner_id=customer.owner_id if customer else None,
        people=_people(basis.customer_id, people),
        deals=[DealShown.model_validate(deal) for deal in basis.deals if deal.status == "open"],
        tickets=[TicketShown.model_validate(each) for each in basis.tickets if each.is_open],
        commitments=owed_of(basis.commitments),
        promises=[
            ClockShown.model_validate(clock)
            for clock in sorted(clocks, key=lambda clock: str(clock.due_at))
        ],
        alerts=open_alerts(basis),
        last_interactions=[InteractionShown.model_validate(each) for each in interactions],
        last_events=[_event(item) for item in items],
    )


def _people(customer_id: UUID, people: Sequence[Contact]) -> list[PersonInBrief]:
    here = [
        PersonInBrief(
            contact_id=contact.contact_id,
            name=contact.full_name,
            job_title=contact.job_title,
            role=part.role,
            is_primary=part.is_primary,
        )
        for contact in people
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
