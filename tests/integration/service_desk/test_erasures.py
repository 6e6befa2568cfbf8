"""Erasure at the desk: words go; numbers, codes and scores stay."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from service_desk.defaults import publish_defaults
from service_desk.erasures.consumers import consumer
from service_desk.policies.domain import DEFAULT_POLICY_ID
from service_desk.tickets.commands import OpenTicket
from service_desk.tickets.handlers import open_ticket
from shared.contracts.contacts import ErasureRequested
from shared.contracts.privacy import ANSWERING, ERASURE_ACKNOWLEDGED
from shared.contracts.service_desk import TicketRedacted
from shared.db import Pool
from shared.messaging.consuming import apply

from tests.records import cause_of_test, record_of

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MARK = "Zqxwv"


@pytest.fixture
async def contact_id(pool: Pool) -> UUID:
    """Somebody with a ticket and an answered survey, both of whom name the person."""
    await publish_defaults(pool)
    contact_id = uuid4()
    command = OpenTicket(
        ticket_id=uuid4(),
        customer_id=uuid4(),
        contact_id=contact_id,
        channel="email",
        ticket_type="repair",
        subject=f"{MARK} has no light",
        body=f"Regards, {MARK}",
        category=None,
        product_id=None,
        severity=3,
        sla_policy_id=DEFAULT_POLICY_ID,
        source="agent",
        source_id=None,
        at=NOW,
    )
    await open_ticket(pool, cause_of_test(), command)
    await pool.execute(
        "INSERT INTO surveys VALUES ($1, 'csat', $2, $3, NULL, NULL, 'answered', 5, $4, $5, $5, 2)",
        uuid4(),
        uuid4(),
        contact_id,
        f"{MARK} is happy",
        NOW,
    )
    return contact_id


async def found(pool: Pool) -> list[str]:
    tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    hits: list[str] = []
    for table in tables:
        name = table["tablename"]
        query = f"SELECT EXISTS (SELECT FROM {name} AS t WHERE position($1 IN t::text) > 0)"
        if await pool.fetchval(query, MARK):
            hits.append(name)
    return sorted(hits)


async def test_what_a_person_wrote_is_redacted_once_and_the_score_stays(
    pool: Pool, contact_id: UUID
) -> None:
    assert await found(pool) == ["outbox", "surveys", "ticket_messages", "tickets"]
    await pool.execute("DELETE FROM outbox")
    asked = ErasureRequested(
        request_id=uuid4(),
        contact_ids=(contact_id,),
        scope="person",
        required_acks=ANSWERING,
        target_at=NOW,
        deadline_at=NOW,
    )
    record = record_of(asked)
    await apply(pool, consumer, [record])
    await apply(pool, consumer, [record])

    assert await found(pool) == []
    assert await pool.fetchval("SELECT score FROM surveys") == 5
    rows = await pool.fetch("SELECT headers, payload, version FROM outbox ORDER BY id")
    assert TicketRedacted.type in rows[0]["headers"]
    assert rows[0]["version"] == rows[1]["version"]
    ack = ERASURE_ACKNOWLEDGED["service-desk"].model_validate_json(rows[2]["payload"])
    assert ack.erased == {"tickets": 1, "messages": 1, "surveys": 1}
    assert len(rows) == 3
