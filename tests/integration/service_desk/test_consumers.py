"""What deals, broken promises and resolved tickets set off: once, told twice, malformed."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from service_desk.surveys.consumers import consumer as surveys
from service_desk.tickets.consumers import consumer as deals
from service_desk.tickets.consumers import promises
from service_desk.tickets.domain import Ticket
from service_desk.tickets.store import TicketFilter, list_tickets
from shared.contracts.pipeline import CommitmentBroken, DealReopened, DealWon
from shared.contracts.service_desk import TicketResolved
from shared.db import Pool
from shared.ids import derived_id
from shared.messaging.consuming import apply

from tests.records import record_of

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DEAL_ID, CONTACT_ID = uuid4(), uuid4()


def won(*, requires_onboarding: bool = True) -> DealWon:
    return DealWon(
        deal_id=DEAL_ID,
        customer_id=UUID(int=2),
        primary_contact_id=CONTACT_ID,
        pipeline_id=UUID(int=3),
        amount=Decimal(100),
        currency="EUR",
        owner_id="anna",
        requires_onboarding=requires_onboarding,
        cycle_days=3,
        opened_at=NOW,
        won_at=NOW,
    )


def reopened(from_status: str = "won") -> DealReopened:
    return DealReopened(
        deal_id=DEAL_ID,
        customer_id=UUID(int=2),
        from_status="won" if from_status == "won" else "lost",
        stage_id="negotiation",
        probability=70,
        reason_code="booked-in-error",
    )


def resolved(contact_id: UUID | None) -> TicketResolved:
    return TicketResolved(
        ticket_id=uuid4(),
        customer_id=UUID(int=2),
        contact_id=contact_id,
        severity=2,
        resolution_code="fixed",
        root_cause="blown-fuse",
        agent_id="anna",
        business_minutes=7,
        resolved_at=NOW,
    )


async def onboarding(pool: Pool) -> list[Ticket]:
    async with pool.acquire() as connection:
        tickets = await list_tickets(connection, TicketFilter(source_id=DEAL_ID), UUID(int=0), 100)
    return sorted(tickets, key=lambda ticket: ticket.number)


async def test_a_won_deal_opens_an_onboarding_ticket_once(pool: Pool) -> None:
    record = record_of(won())
    await apply(pool, deals, [record])
    await apply(pool, deals, [record])
    (ticket,) = await onboarding(pool)
    assert ticket.ticket_id == derived_id(DEAL_ID, "onboarding")
    assert (ticket.ticket_type, ticket.severity, ticket.source) == ("onboarding", 3, "pipeline")
    assert ticket.contact_id == CONTACT_ID


async def test_a_deal_that_needs_no_onboarding_opens_nothing(pool: Pool) -> None:
    await apply(pool, deals, [record_of(won(requires_onboarding=False))])
    assert await onboarding(pool) == []


async def test_a_reopened_deal_cancels_its_onboarding_and_a_new_win_opens_another(
    pool: Pool,
) -> None:
    await apply(pool, deals, [record_of(won()), record_of(reopened(), version=2)])
    assert [ticket.status for ticket in await onboarding(pool)] == ["cancelled"]
    again = record_of(won(), version=3)
    await apply(pool, deals, [again])
    await apply(pool, deals, [again])
    assert [ticket.status for ticket in await onboarding(pool)] == ["cancelled", "new"]


async def test_a_reopened_lost_deal_changes_nothing(pool: Pool) -> None:
    await apply(pool, deals, [record_of(won()), record_of(reopened("lost"), version=2)])
    assert [ticket.status for ticket in await onboarding(pool)] == ["new"]


async def test_a_malformed_win_is_parked_and_other_deals_go_on(pool: Pool) -> None:
    broken = record_of(won(), value=b"{", key=b"another-deal")
    await apply(pool, deals, [broken, record_of(won())])
    assert len(await onboarding(pool)) == 1
    assert await pool.fetchval("SELECT reason FROM parked_events") == "undecodable-body"


def broken(commitment_id: UUID) -> CommitmentBroken:
    return CommitmentBroken(
        commitment_id=commitment_id,
        customer_id=UUID(int=2),
        owner_id="anna",
        due_at=NOW,
        broken_at=NOW,
    )


async def test_a_broken_promise_is_escalated_once(pool: Pool) -> None:
    commitment_id, other_id = uuid4(), uuid4()
    malformed = record_of(broken(other_id), value=b"{")
    await apply(pool, promises, [malformed, record_of(broken(commitment_id))])
    await apply(pool, promises, [record_of(broken(commitment_id))])
    async with pool.acquire() as connection:
        [ticket] = await list_tickets(connection, TicketFilter(), UUID(int=0), 100)
    assert ticket.ticket_id == derived_id(commitment_id, "escalation")
    assert (ticket.ticket_type, ticket.severity, ticket.status) == ("escalation", 3, "new")
    assert (ticket.source, ticket.source_id) == ("pipeline", commitment_id)
    assert ticket.customer_id == UUID(int=2)
    told = await pool.fetch("SELECT topic FROM outbox WHERE topic LIKE '%ticket.events%'")
    assert len(told) == 1


async def test_a_resolved_ticket_asks_its_contact_once_in_14_days(pool: Pool) -> None:
    record = record_of(resolved(CONTACT_ID))
    await apply(pool, surveys, [record])
    await apply(pool, surveys, [record, record_of(resolved(CONTACT_ID))])
    rows = await pool.fetch("SELECT kind, status, agent_id FROM surveys")
    assert [tuple(row) for row in rows] == [("csat", "sent", "anna")]
    await pool.execute("UPDATE surveys SET sent_at = sent_at - interval '15 days'")
    await apply(pool, surveys, [record_of(resolved(CONTACT_ID)), record_of(resolved(None))])
    assert await pool.fetchval("SELECT count(*) FROM surveys") == 2
