"""Which alerts a customer's rows raise; pure, derived at every look."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel
from shared.contracts.contacts import ContactPoint, Credit

from customer_360.commitments.fold import Commitment
from customer_360.deals.fold import Deal
from customer_360.duplicates.fold import Duplicate
from customer_360.orders.fold import Order
from customer_360.people.fold import Contact
from customer_360.sources.progress import SourceProgress
from customer_360.tickets.fold import Clock, Ticket
from customer_360.touches.fold import Message

Severity = Literal["low", "medium", "high"]
STALE_AFTER_SECONDS = 300.0
CHOICE_REASONS = frozenset({"consent", "suppression-list", "unsubscribed"})


class Alert(BaseModel):
    """Something that somebody should act on; `refs` are the ids that it rests on."""

    code: str
    severity: Severity
    since: datetime | None = None
    refs: list[str] = []


def alerts_of(
    deals: Iterable[Deal], tickets: Iterable[Ticket], clocks: Iterable[Clock]
) -> list[Alert]:
    """The alerts that follow from what is open."""
    critical = [ticket for ticket in tickets if ticket.is_open and ticket.is_critical]
    selling = [deal for deal in deals if deal.status == "open"]
    breached = [clock for clock in clocks if clock.is_open and clock.breached_at]
    alerts: list[Alert] = []
    if critical and selling:
        refs = [str(ticket.ticket_id) for ticket in critical]
        since = _first(ticket.received_at for ticket in critical)
        alerts.append(Alert(code="sell-while-broken", severity="high", since=since, refs=refs))
    if breached:
        refs = [str(clock.ticket_id) for clock in breached]
        since = _first(clock.breached_at for clock in breached)
        alerts.append(Alert(code="sla-breached", severity="high", since=since, refs=refs))
    return alerts


def commitment_alerts(commitments: Iterable[Commitment]) -> list[Alert]:
    """What was promised, not kept in time, and is still owed."""
    broken = [each for each in commitments if each.status == "broken"]
    if not broken:
        return []
    refs = [str(each.commitment_id) for each in broken]
    since = _first(each.broken_at for each in broken)
    return [Alert(code="commitment-broken", severity="high", since=since, refs=refs)]


def payment_alerts(overdue: Iterable[Order]) -> list[Alert]:
    """What was invoiced and not paid within its terms."""
    waiting = list(overdue)
    if not waiting:
        return []
    refs = [str(order.order_id) for order in waiting]
    since = _first(order.due_at for order in waiting)
    return [Alert(code="payment-overdue", severity="medium", since=since, refs=refs)]


def consent_alerts(messages: Sequence[Message]) -> list[Alert]:
    """Somebody tried to write to a person who had said no; the gate held."""
    refused = [
        message
        for message in messages
        if message.status == "suppressed" and message.reason_code in CHOICE_REASONS
    ]
    if not refused:
        return []
    refs = [str(message.message_id) for message in refused]
    since = _first(message.touched_at for message in refused)
    return [Alert(code="consent-breach-attempt", severity="low", since=since, refs=refs)]


def duplicate_alerts(cases: Iterable[Duplicate]) -> list[Alert]:
    """The customer, or one of its people, may be in the base twice, and nobody has decided yet."""
    waiting = [case for case in cases if case.status == "open"]
    if not waiting:
        return []
    refs = [str(case.case_id) for case in waiting]
    since = _first(case.detected_at for case in waiting)
    return [Alert(code="duplicate-suspected", severity="medium", since=since, refs=refs)]


def address_alerts(people: Iterable[Contact], customer_ids: Collection[UUID]) -> list[Alert]:
    """An address of somebody of these customers reaches nobody, and there is none of its kind."""
    here = [person for person in people if _is_of(person, customer_ids)]
    refs = [str(point.point_id) for person in here for point in _lost_points(person)]
    return [Alert(code="address-lost", severity="medium", refs=refs)] if refs else []


def credit_alerts(credit: Credit | None) -> list[Alert]:
    """The customer owes more than its limit allows, or the limit is past its time."""
    alerts: list[Alert] = []
    if credit is not None and credit.available is not None and credit.available < 0:
        since = credit.hold.placed_at if credit.hold else None
        alerts.append(Alert(code="credit-over-limit", severity="high", since=since))
    if credit is not None and credit.expired_at is not None:
        since = credit.expired_at
        alerts.append(Alert(code="credit-limit-expired", severity="medium", since=since))
    return alerts


def stale_alerts(as_of: Mapping[str, SourceProgress]) -> list[Alert]:
    """Sources that the view is more than five minutes behind."""
    stale = [topic for topic, source in as_of.items() if source.lag_s > STALE_AFTER_SECONDS]
    return [Alert(code="data-stale", severity="medium", refs=sorted(stale))] if stale else []


def _is_of(person: Contact, customer_ids: Collection[UUID]) -> bool:
    parts = (part for part in person.memberships if part.until is None)
    return person.merged_into is None and any(part.customer_id in customer_ids for part in parts)


def _lost_points(person: Contact) -> list[ContactPoint]:
    reached_by = {point.type for point in person.points if point.status == "active"}
    return [
        point
        for point in person.points
        if point.status == "invalid" and point.type not in reached_by
    ]


def _first(times: Iterable[datetime | None]) -> datetime | None:
    return min((time for time in times if time is not None), default=None)
