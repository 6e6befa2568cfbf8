"""What the desk re-points in a merge, and takes back when it is undone."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from service_desk.defaults import publish_defaults
from service_desk.merges.consumers import consumer
from service_desk.merges.handlers import REPOINTING
from service_desk.policies.domain import DEFAULT_POLICY_ID
from service_desk.tickets.commands import OpenTicket
from service_desk.tickets.handlers import open_ticket
from shared.contracts.contacts import CustomerMerged, CustomerUnmerged
from shared.contracts.service_desk import TicketRepointed
from shared.db import Pool
from shared.ids import new_id
from shared.merges import move_batch
from shared.messaging.consuming import apply

from tests.records import cause_of_test, record_of

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


async def opened(pool: Pool, customer_id: UUID) -> UUID:
    command = OpenTicket(
        ticket_id=uuid4(),
        customer_id=customer_id,
        contact_id=None,
        channel="email",
        ticket_type="repair",
        subject="No light",
        body="All is dark",
        category=None,
        product_id=None,
        severity=3,
        sla_policy_id=DEFAULT_POLICY_ID,
        source="agent",
        source_id=None,
        at=NOW,
    )
    ticket = await open_ticket(pool, cause_of_test(), command)
    assert await open_ticket(pool, cause_of_test(), command) == ticket
    return ticket.ticket_id


async def move_all(pool: Pool) -> None:
    while await move_batch(pool, "service-desk", REPOINTING):
        pass


async def named(pool: Pool, ticket_id: UUID) -> set[UUID]:
    """Whom a ticket and its clocks name."""
    rows = await pool.fetch(
        "SELECT customer_id FROM tickets WHERE ticket_id = $1"
        " UNION SELECT customer_id FROM clocks WHERE ticket_id = $1",
        ticket_id,
    )
    return {row["customer_id"] for row in rows}


async def test_a_ticket_and_its_clocks_go_to_the_survivor_once_and_back(pool: Pool) -> None:
    await publish_defaults(pool)
    old, stays = new_id(), new_id()
    ticket_id = await opened(pool, old)
    merge = CustomerMerged(
        customer_id=stays,
        merge_id=new_id(),
        merged_ids=(old,),
        reversible_until=NOW,
        reason_code="duplicate",
        decided_by="user:mia",
    )
    told = record_of(merge)
    await apply(pool, consumer, [told, told])
    await apply(pool, consumer, [told])
    await move_all(pool)
    assert await named(pool, ticket_id) == {stays}
    facts = await pool.fetch(
        "SELECT 1 FROM outbox WHERE aggregate_id = $1 AND headers::text LIKE $2",
        str(ticket_id),
        f"%{TicketRepointed.type}%",
    )
    assert len(facts) == 1
    late = await opened(pool, old)
    assert await named(pool, late) == {stays}

    undone = CustomerUnmerged(
        customer_id=stays,
        merge_id=merge.merge_id,
        restored_ids=(old,),
        reason_code="two-parties",
        decided_by="user:mia",
    )
    await apply(pool, consumer, [record_of(undone, 2)])
    await move_all(pool)
    assert await named(pool, ticket_id) == {old}
    assert await named(pool, late) == {stays}
