"""What service-desk moves in a handover."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from service_desk.agents.domain import RegisterAgent
from service_desk.agents.handlers import register_agent
from service_desk.agents.store import find_agent
from service_desk.handovers.consumers import consumer
from service_desk.handovers.handlers import move
from service_desk.policies.domain import DEFAULT_POLICY_ID
from service_desk.tickets.commands import CancelTicket, OpenTicket
from service_desk.tickets.handlers import assign_ticket, cancel_ticket, open_ticket
from service_desk.tickets.store import load_ticket
from shared.contracts.contacts import HandoverStarted
from shared.contracts.handovers import HANDOVER_ACKNOWLEDGED
from shared.db import Pool
from shared.handovers import OwnerHasLeftError, acknowledging, move_batch
from shared.ids import new_id
from shared.messaging.consuming import apply

from tests.records import cause_of_test, record_of

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
ACKNOWLEDGED = HANDOVER_ACKNOWLEDGED["service-desk"]


def opening(ticket_id: UUID) -> OpenTicket:
    return OpenTicket(
        ticket_id=ticket_id,
        customer_id=new_id(),
        contact_id=None,
        channel="phone",
        ticket_type="incident",
        subject="It is dark",
        body=None,
        severity=2,
        category=None,
        product_id=None,
        sla_policy_id=DEFAULT_POLICY_ID,
        source="phone",
        source_id=None,
        at=NOW,
    )


async def assigned(pool: Pool, agent_id: str) -> UUID:
    ticket = await open_ticket(pool, cause_of_test(), opening(new_id()))
    await assign_ticket(pool, cause_of_test(), ticket.ticket_id, agent_id)
    return ticket.ticket_id


async def hand_over(pool: Pool) -> HandoverStarted:
    started = HandoverStarted(
        handover_id=new_id(),
        from_owner_id="sam",
        to_owner_id="tim",
        reason_code="left",
        due_at=NOW,
        required_acks=("service-desk",),
    )
    await apply(pool, consumer, [record_of(started)])
    while await move_batch(pool, "service-desk", move, acknowledging(ACKNOWLEDGED)):
        pass
    return started


async def test_unresolved_tickets_move_and_keep_their_clocks(pool: Pool) -> None:
    await register_agent(pool, RegisterAgent("sam", 5, is_active=True))
    open_id, cancelled_id = await assigned(pool, "sam"), await assigned(pool, "sam")
    await cancel_ticket(pool, cause_of_test(), CancelTicket(cancelled_id, "by-mistake"))
    before = await pool.fetch("SELECT * FROM clocks WHERE ticket_id = $1 ORDER BY 1", open_id)
    handover = await hand_over(pool)
    async with pool.acquire() as connection:
        assert (await load_ticket(connection, open_id)).agent_id == "tim"
        assert (await load_ticket(connection, cancelled_id)).agent_id == "sam"
        agent = await find_agent(connection, "sam")
    assert agent is not None
    assert not agent.is_active
    clocks = await pool.fetch("SELECT * FROM clocks WHERE ticket_id = $1 ORDER BY 1", open_id)
    assert clocks == before
    rows = await pool.fetch("SELECT payload FROM outbox WHERE topic LIKE '%handover%'")
    assert [row["payload"] for row in rows] == [
        ACKNOWLEDGED(handover_id=handover.handover_id, moved={"tickets": 1}).model_dump_json()
    ]


async def test_whoever_left_gets_no_ticket(pool: Pool) -> None:
    ticket_id = await assigned(pool, "zoe")
    await hand_over(pool)
    with pytest.raises(OwnerHasLeftError):
        await assign_ticket(pool, cause_of_test(), ticket_id, "sam")
