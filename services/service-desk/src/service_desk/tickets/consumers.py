"""What deals, promises and customers mean for tickets.

A won deal may need onboarding, one taken back needs it no more; a broken promise is escalated; a
good customer that fell asleep is visited.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from shared.aliases import current_id, ids_of_many
from shared.contracts.contacts import CustomerLifecycleChanged
from shared.contracts.pipeline import CommitmentBroken, DealReopened, DealWon
from shared.db import Connection
from shared.ids import derived_id
from shared.messaging.envelope import Received, newest_of_each
from shared.messaging.reactions import Consumer

from service_desk.grades.store import find_grades
from service_desk.policies.domain import DEFAULT_POLICY_ID
from service_desk.tickets import store
from service_desk.tickets.commands import OpenTicket, WithdrawTicket
from service_desk.tickets.decisions import decide
from service_desk.tickets.domain import Ticket
from service_desk.tickets.handlers import admit_ticket, record

SOURCE = "pipeline"
ONBOARDING_SEVERITY = 3
ESCALATION_SEVERITY = 3
"""A broken promise is no fault of a product: it stops neither deals nor campaigns."""

CARE_SOURCE = "contacts"
CARE_VISIT = "care-visit"
CARE_SEVERITY = 4
VISITED = frozenset({"A", "B"})
NEWS = timedelta(days=30)
"""Whoever fell asleep longer ago when we hear of it is visited by nobody for that."""

consumer = Consumer("service-desk.deals")
promises = Consumer("service-desk.promises")
lifecycles = Consumer("service-desk.lifecycles")


@consumer.on(DealWon)
async def on_deal_won(connection: Connection, received: Received[DealWon]) -> None:
    """Onboarding runs once at a time: a win while it runs is the same win told again."""
    deal, envelope = received.event, received.envelope
    if not deal.requires_onboarding:
        return
    tickets = await store.lock_tickets_of(connection, SOURCE, [deal.deal_id])
    if any(map(_is_running, tickets)):
        return
    now = datetime.now(UTC)
    ticket_id = _onboarding_id(deal.deal_id, tickets, envelope.event_id)
    command = _onboarding(deal, ticket_id, now)
    await admit_ticket(connection, envelope.cause("service-desk", at=now), command)


@consumer.on(DealReopened)
async def on_deal_reopened(connection: Connection, received: Received[DealReopened]) -> None:
    deal = received.event
    if deal.from_status != "won":
        return
    cause = received.envelope.cause("service-desk", at=datetime.now(UTC))
    for ticket in await store.lock_tickets_of(connection, SOURCE, [deal.deal_id]):
        withdraw = WithdrawTicket(ticket.ticket_id, "deal-reopened")
        await record(connection, cause, ticket, decide(ticket, withdraw))


@promises.on(CommitmentBroken)
async def on_commitment_broken(
    connection: Connection, received: Received[CommitmentBroken]
) -> None:
    """One ticket per promise, which breaks once; whoever keeps it late closes the ticket."""
    now = datetime.now(UTC)
    cause = received.envelope.cause("service-desk", at=now)
    await admit_ticket(connection, cause, _escalation(received.event, now))


@lifecycles.on_batch(CustomerLifecycleChanged)
async def on_lifecycles_changed(
    connection: Connection, records: Sequence[Received[CustomerLifecycleChanged]]
) -> None:
    """Row 36; of what a customer was by turns the last counts."""
    told = newest_of_each(records)
    ids = await ids_of_many(connection, {each.event.customer_id for each in told})
    every = set[UUID]().union(*ids.values())
    grades = await find_grades(connection, every)
    visits = await store.lock_tickets_of(connection, CARE_SOURCE, every)
    for received in told:
        theirs = [each for each in visits if each.source_id in ids[received.event.customer_id]]
        if received.event.to_lifecycle == "dormant":
            visits += await _visit(connection, received, grades, theirs)
        else:
            await _visit_no_more(connection, received, theirs)


async def _visit(
    connection: Connection,
    received: Received[CustomerLifecycleChanged],
    grades: Mapping[UUID, str],
    visits: Sequence[Ticket],
) -> Sequence[Ticket]:
    """One visit at a time, of a customer with a good grade."""
    now, envelope = datetime.now(UTC), received.envelope
    customer_id = await current_id(connection, received.event.customer_id)
    if envelope.time < now - NEWS or grades.get(customer_id) not in VISITED:
        return []
    if any(map(_is_running, visits)):
        return []
    visit = _care_visit(customer_id, derived_id(envelope.event_id, CARE_VISIT), now)
    return [await admit_ticket(connection, envelope.cause("service-desk", at=now), visit)]


async def _visit_no_more(
    connection: Connection,
    received: Received[CustomerLifecycleChanged],
    visits: Sequence[Ticket],
) -> None:
    """Whoever woke up, or has gone for good, needs none; what was done stays done."""
    cause = received.envelope.cause("service-desk", at=datetime.now(UTC))
    for ticket in visits:
        withdraw = WithdrawTicket(ticket.ticket_id, f"customer-{received.event.to_lifecycle}")
        await record(connection, cause, ticket, decide(ticket, withdraw))


def _care_visit(customer_id: UUID, ticket_id: UUID, at: datetime) -> OpenTicket:
    return OpenTicket(
        ticket_id=ticket_id,
        customer_id=customer_id,
        contact_id=None,
        channel="system",
        ticket_type="request",
        subject="Care visit",
        body=None,
        severity=CARE_SEVERITY,
        category=CARE_VISIT,
        product_id=None,
        sla_policy_id=DEFAULT_POLICY_ID,
        source=CARE_SOURCE,
        source_id=customer_id,
        at=at,
    )


def _is_running(ticket: Ticket) -> bool:
    return ticket.status not in ("resolved", "closed", "cancelled")


def _escalation(broken: CommitmentBroken, at: datetime) -> OpenTicket:
    return OpenTicket(
        ticket_id=derived_id(broken.commitment_id, "escalation"),
        customer_id=broken.customer_id,
        contact_id=None,
        channel="system",
        ticket_type="escalation",
        subject="Broken promise",
        body=None,
        severity=ESCALATION_SEVERITY,
        category="broken-promise",
        product_id=None,
        sla_policy_id=DEFAULT_POLICY_ID,
        source=SOURCE,
        source_id=broken.commitment_id,
        at=at,
    )


def _onboarding_id(deal_id: UUID, earlier: list[Ticket], event_id: UUID) -> UUID:
    """The first win's ticket is known by its deal; a later win's by the win itself."""
    return (
        derived_id(deal_id, "onboarding", event_id)
        if earlier
        else derived_id(deal_id, "onboarding")
    )


def _onboarding(deal: DealWon, ticket_id: UUID, at: datetime) -> OpenTicket:
    return OpenTicket(
        ticket_id=ticket_id,
        customer_id=deal.customer_id,
        contact_id=deal.primary_contact_id,
        channel="system",
        ticket_type="onboarding",
        subject="Onboarding",
        body=None,
        severity=ONBOARDING_SEVERITY,
        category=None,
        product_id=None,
        sla_policy_id=DEFAULT_POLICY_ID,
        source=SOURCE,
        source_id=deal.deal_id,
        at=at,
    )
