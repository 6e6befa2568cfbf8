"""Assembles the view of one customer from its rows; pure."""

from collections.abc import Mapping, Sequence
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
from customer_360.deals.fold import Deal
from customer_360.groups.looking import Relations
from customer_360.interactions.fold import Interaction
from customer_360.profiles import view
from customer_360.profiles.figures import (
    Basis,
    Yardstick,
    amounts_of,
    bought_of,
    open_alerts,
    rfm_of,
)
from customer_360.profiles.handed_over import HandoverShown
from customer_360.profiles.identity import identity_of
from customer_360.profiles.known import Known
from customer_360.profiles.persons import people_of
from customer_360.profiles.promised import commitments_of
from customer_360.tickets.fold import Survey, Ticket
from customer_360.touches.fold import Campaign, Message

RECENT_TICKETS = 10


def view_of(
    known: Known, relations: Relations, yardstick: Yardstick, now: datetime, *, stale: bool
) -> view.CustomerView:
    """The whole view."""
    basis = known.basis
    customer = basis.customer
    return view.CustomerView(
        customer_id=basis.customer_id,
        aliases=sorted(known.record_ids - {basis.customer_id}),
        profile_version=known.profile_version,
        stale=stale,
        as_of=dict(known.as_of),
        header=view.Header.model_validate(customer) if customer else None,
        people=people_of(known, now),
        identity=identity_of(known, relations.names),
        privacy=_privacy(known),
        handovers=[HandoverShown.model_validate(each) for each in known.handovers],
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
