"""Assembles the view of one customer from its rows; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from customer_360.alerts.derive import (
    Alert,
    address_alerts,
    consent_alerts,
    credit_alerts,
    duplicate_alerts,
    stale_alerts,
)
from customer_360.contactability.gate import consents_of, contactable_now
from customer_360.deals.fold import Deal
from customer_360.duplicates.fold import Duplicate
from customer_360.groups.looking import Relations
from customer_360.households.fold import Household
from customer_360.interactions.fold import Interaction
from customer_360.leads.fold import Lead
from customer_360.orders.fold import Order
from customer_360.partners.fold import Partner
from customer_360.people.fold import Consent, Contact, Suppression
from customer_360.preferences.fold import Preference
from customer_360.privacy_requests.fold import PrivacyRequest
from customer_360.profiles import view
from customer_360.profiles.figures import (
    Basis,
    Yardstick,
    amounts_of,
    bought_of,
    open_alerts,
    rfm_of,
)
from customer_360.profiles.promised import commitments_of
from customer_360.relationships.fold import Relationship
from customer_360.sources.progress import SourceProgress
from customer_360.tickets.fold import Survey, Ticket
from customer_360.touches.fold import Campaign, Message, Response

RECENT_TICKETS = 10


@dataclass(frozen=True, slots=True)
class Known:
    """Every row that the view of one customer shows, by every id that it has."""

    profile_version: int
    record_ids: frozenset[UUID]
    basis: Basis
    people: Sequence[Contact]
    consents: Sequence[Consent]
    suppressions: Sequence[Suppression]
    duplicates: Sequence[Duplicate]
    privacy_requests: Sequence[PrivacyRequest]
    leads: Sequence[Lead]
    recent_orders: Sequence[Order]
    surveys: Sequence[Survey]
    messages: Sequence[Message]
    responses: Sequence[Response]
    campaigns: Mapping[UUID, Campaign]
    interactions: Sequence[Interaction]
    preferences: Sequence[Preference]
    relationships: Sequence[Relationship]
    households: Sequence[Household]
    partners: Sequence[Partner]
    as_of: Mapping[str, SourceProgress]


def view_of(
    known: Known, relations: Relations, yardstick: Yardstick, now: datetime, *, stale: bool
) -> view.CustomerView:
    """The whole view."""
    basis = known.basis
    customer = basis.customer
    return view.CustomerView(
        customer_id=basis.customer_id,
        profile_version=known.profile_version,
        stale=stale,
        as_of=dict(known.as_of),
        header=view.Header.model_validate(customer) if customer else None,
        people=_people(known, now),
        identity=_identity(known),
        privacy=_privacy(known),
        leads=[view.LeadShown.model_validate(lead) for lead in known.leads],
        deals=_deals(basis.deals),
        commitments=commitments_of(basis.commitments),
        orders=_orders(known),
        value=_value(basis, yardstick),
        service=_service(known),
        campaigns=_campaigns(known),
        interactions=_interactions(known.interactions),
        preferences=_preferences(known),
        grade=customer.grading if customer else None,
        credit=customer.credit if customer else None,
        group=relations.group,
        related=relations.related,
        households=relations.households,
        partners=relations.partners,
        alerts=_alerts(known),
        timeline_url=f"/v1/customers/{basis.customer_id}/timeline",
    )


def _people(known: Known, now: datetime) -> list[view.Person]:
    """Each person once; who was merged into another of them is that one."""
    is_critical = any(ticket.is_open and ticket.is_critical for ticket in known.basis.tickets)
    ids = {contact.contact_id for contact in known.people}
    shown = [contact for contact in known.people if contact.merged_into not in ids]
    people = [_person(contact, known, is_critical, now) for contact in shown]
    return sorted(people, key=lambda one: (one.left, not one.is_primary, one.name or ""))


def _person(contact: Contact, known: Known, is_critical: bool, now: datetime) -> view.Person:  # noqa: FBT001 -- a fact of the customer, passed on
    consents = consents_of(contact.contact_id, known.people, known.consents)
    here = [part for part in contact.memberships if part.customer_id in known.record_ids]
    current = next((part for part in here if part.until is None), None)
    shown = current or next(reversed(here), None)
    return view.Person(
        contact_id=contact.contact_id,
        version=contact.version,
        name=contact.full_name,
        job_title=contact.job_title,
        department=contact.department,
        role=shown.role if shown else None,
        is_primary=shown is not None and shown.is_primary,
        left=current is None,
        points=contact.points,
        postal_points=contact.postal_points,
        key_dates=contact.key_dates,
        consents=[view.ConsentShown.model_validate(consent) for consent in consents],
        suppressions=[
            view.SuppressionShown.model_validate(one)
            for one in known.suppressions
            if one.subject_hash in contact.subject_hashes
        ],
        contactable_now=contactable_now(
            contact, consents, known.suppressions, has_critical_ticket=is_critical, now=now
        ),
    )


def _identity(known: Known) -> view.IdentitySection:
    here = {*known.record_ids, *(person.contact_id for person in known.people)}
    shown = [
        view.DuplicateShown(
            case_id=case.case_id,
            version=case.version,
            entity_type=case.entity_type,
            record_ids=[each for each in case.candidate_ids if each in here],
            other_ids=[each for each in case.candidate_ids if each not in here],
            score=case.score,
            matched_on=case.matched_on,
            suggested_survivor_id=case.suggested_survivor_id,
            detected_at=case.detected_at,
        )
        for case in known.duplicates
    ]
    return view.IdentitySection(duplicates=shown)


def _privacy(known: Known) -> view.PrivacySection:
    people = {person.contact_id for person in known.people}
    shown = [
        view.PrivacyRequestShown(
            request_id=request.request_id,
            version=request.version,
            kind=request.kind,
            status=request.status,
            contact_ids=[each for each in request.contact_ids if each in people],
            since=request.since,
            deadline_at=request.deadline_at,
        )
        for request in known.privacy_requests
    ]
    return view.PrivacySection(open=shown)


def _deals(deals: Sequence[Deal]) -> view.Deals:
    selling = [deal for deal in deals if deal.status == "open"]
    won = [deal for deal in deals if deal.status == "won"]
    return view.Deals(
        open=[
            view.DealShown.model_validate(deal)
            for deal in sorted(selling, key=lambda deal: str(deal.expected_close_date))
        ],
        won_count=len(won),
        lost_count=len(deals) - len(selling) - len(won),
        open_amount=amounts_of(selling),
        won_amount=amounts_of(won),
    )


def _orders(known: Known) -> view.Orders:
    bought = bought_of(known.basis.order_sums)
    return view.Orders(
        count=bought.order_count,
        revenue=bought.revenue,
        first_order_at=bought.first_order_at,
        last_order_at=bought.last_order_at,
        recent=[view.OrderShown.model_validate(order) for order in known.recent_orders],
    )


def _value(basis: Basis, yardstick: Yardstick) -> view.Value:
    rfm = rfm_of(basis, yardstick)
    shown = view.RfmShown.model_validate(rfm) if rfm else None
    return view.Value(rfm=shown, rfm_as_of=yardstick.today)


def _service(known: Known) -> view.ServiceSection:
    tickets = sorted(known.basis.tickets, key=_newest_first, reverse=True)
    waiting = [ticket for ticket in tickets if ticket.is_open]
    done = [ticket for ticket in tickets if not ticket.is_open]
    clocks = known.basis.clocks
    return view.ServiceSection(
        open=[view.TicketShown.model_validate(ticket) for ticket in waiting],
        open_critical=sum(ticket.is_critical for ticket in waiting),
        recent=[view.TicketShown.model_validate(ticket) for ticket in done[:RECENT_TICKETS]],
        clocks=[view.ClockShown.model_validate(clock) for clock in clocks if clock.is_open],
        breached=sum(clock.is_breached for clock in clocks),
        csat=_csat(_answers(known.surveys, "csat")),
        nps_last=next(iter(_answers(known.surveys, "nps")), None),
    )


def _newest_first(ticket: Ticket) -> str:
    return str(ticket.received_at)


def _answers(surveys: Sequence[Survey], kind: str) -> list[int]:
    """The scores of this kind, the newest first."""
    answered = [
        (survey.answered_at, survey.score)
        for survey in surveys
        if survey.kind == kind and survey.answered_at is not None and survey.score is not None
    ]
    return [score for _, score in sorted(answered, reverse=True)]


def _csat(scores: Sequence[int]) -> view.Csat:
    average = round(sum(scores) / len(scores), 2) if scores else None
    return view.Csat(last=next(iter(scores), None), average=average, answers=len(scores))


def _campaigns(known: Known) -> view.Campaigns:
    counts = known.basis.messages
    return view.Campaigns(
        touches=[_touch(message, known.campaigns) for message in known.messages],
        responses=[view.ResponseShown.model_validate(response) for response in known.responses],
        sent=counts.sent if counts else 0,
        clicked=counts.clicked if counts else 0,
    )


def _interactions(interactions: Sequence[Interaction]) -> view.InteractionSection:
    shown = [view.InteractionShown.model_validate(each) for each in interactions]
    last = shown[0].occurred_at if shown else None
    return view.InteractionSection(last_at=last, recent=shown)


def _preferences(known: Known) -> list[view.PreferenceShown]:
    """Of the customer and of the people who are known; nothing of who was erased."""
    here = {contact.contact_id for contact in known.people}
    return [
        view.PreferenceShown.model_validate(each)
        for each in known.preferences
        if known.basis.customer and (each.contact_id is None or each.contact_id in here)
    ]


def _touch(message: Message, campaigns: Mapping[UUID, Campaign]) -> view.TouchShown:
    campaign = campaigns.get(message.campaign_id) if message.campaign_id else None
    return view.TouchShown(
        message_id=message.message_id,
        version=message.version,
        campaign_id=message.campaign_id,
        campaign=campaign.name if campaign else None,
        contact_id=message.contact_id,
        channel=message.channel,
        status=message.status,
        reason_code=message.reason_code,
        touched_at=message.touched_at,
        sent_at=message.sent_at,
        clicked_at=message.clicked_at,
        unsubscribed_at=message.unsubscribed_at,
    )


def _alerts(known: Known) -> list[Alert]:
    basis = known.basis
    return [
        *open_alerts(basis),
        *duplicate_alerts(known.duplicates),
        *address_alerts(known.people, known.record_ids),
        *consent_alerts(known.messages),
        *credit_alerts(basis.customer.credit if basis.customer else None),
        *stale_alerts(known.as_of),
    ]
