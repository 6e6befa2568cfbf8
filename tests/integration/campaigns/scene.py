"""A small world for the tests: people, customers, consents and tickets, as others publish them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from uuid import UUID

import httpx
from campaigns.attributions import consumers as attribution_consumers
from campaigns.campaigns.handlers import reserve_messages
from campaigns.obstacles import consumers as obstacle_consumers
from campaigns.segments import consumers as segment_consumers
from campaigns.segments.handlers import evaluate_new_segments
from shared.contracts.contacts import (
    ConsentGranted,
    ContactPoint,
    ContactState,
    CustomerState,
    Membership,
)
from shared.contracts.pipeline import DealWon, OrderConfirmed
from shared.contracts.service_desk import TicketOpened, TicketResolved
from shared.contracts.topic import Event
from shared.db import Pool
from shared.ids import new_id
from shared.messaging import consuming
from shared.messaging.envelope import RawRecord
from shared.messaging.reactions import Consumer

from tests.integration.campaigns.conftest import HASH_KEY
from tests.records import record_of

NOW = datetime.now(UTC)

people = segment_consumers.people(HASH_KEY)
orders = segment_consumers.orders
consents = segment_consumers.consents
tickets = obstacle_consumers.consumer
deals = attribution_consumers.consumer


def customer_state(customer_id: UUID, **changes: object) -> CustomerState:
    fields: dict[str, object] = {
        "customer_id": customer_id,
        "kind": "organization",
        "display_name": "Acme",
        "lifecycle": "customer",
        "lifecycle_since": NOW,
        "source": "test",
        "created_at": NOW,
    }
    return CustomerState.model_validate({**fields, **changes})


def contact_state(
    contact_id: UUID, email: str | None, customer_id: UUID | None = None, **changes: object
) -> ContactState:
    points = (
        [ContactPoint(point_id=new_id(), type="email", value=email, normalized=email)]
        if email
        else []
    )
    memberships = [Membership(customer_id=customer_id, since=NOW)] if customer_id else []
    fields: dict[str, object] = {
        "contact_id": contact_id,
        "given_name": "Anna",
        "family_name": "Berg",
        "points": points,
        "memberships": memberships,
        "created_at": NOW,
    }
    return ContactState.model_validate({**fields, **changes})


def consent_granted(
    contact_id: UUID, purpose: str = "marketing", captured_at: datetime = NOW
) -> ConsentGranted:
    return ConsentGranted.model_validate(
        {
            "consent_id": new_id(),
            "contact_id": contact_id,
            "channel": "email",
            "purpose": purpose,
            "lawful_basis": "consent",
            "source": "form",
            "captured_at": captured_at,
            "effective_from": captured_at - timedelta(hours=1),
        }
    )


def ticket_opened(customer_id: UUID, severity: int = 1) -> TicketOpened:
    return TicketOpened(
        ticket_id=new_id(),
        number="T-1",
        customer_id=customer_id,
        channel="phone",
        ticket_type="repair",
        severity=severity,
        priority="urgent",
        sla_policy_id=new_id(),
        sla_policy_version=1,
        received_at=NOW,
        source="test",
    )


def ticket_resolved(opened: TicketOpened) -> TicketResolved:
    return TicketResolved(
        ticket_id=opened.ticket_id,
        customer_id=opened.customer_id,
        severity=opened.severity,
        resolution_code="fixed",
        root_cause="wear",
        agent_id="sam",
        business_minutes=5,
        resolved_at=datetime.now(UTC),
    )


def deal_won(customer_id: UUID, amount: str = "100.00", **changes: object) -> DealWon:
    fields: dict[str, object] = {
        "deal_id": new_id(),
        "customer_id": customer_id,
        "pipeline_id": new_id(),
        "amount": Decimal(amount),
        "currency": "EUR",
        "owner_id": "sue",
        "requires_onboarding": True,
        "cycle_days": 3,
        "opened_at": NOW,
        "won_at": datetime.now(UTC),
    }
    return DealWon.model_validate({**fields, **changes})


def order_confirmed(customer_id: UUID, total: str = "10.00") -> OrderConfirmed:
    return OrderConfirmed(
        order_id=new_id(),
        external_system="erp",
        external_ref="1",
        customer_id=customer_id,
        lines=(),
        total=Decimal(total),
        currency="USD",
        ordered_at=NOW,
    )


async def apply(pool: Pool, consumer: Consumer, records: Sequence[RawRecord]) -> None:
    """Apply records of which none may be parked."""
    await consuming.apply(pool, consumer, records)
    parked = await pool.fetch("SELECT event_type, error FROM parked_events")
    assert [dict(row) for row in parked] == []


async def person(pool: Pool, email: str = "anna@example.com") -> tuple[UUID, UUID]:
    """A person whom marketing may write to, and a customer of hers."""
    contact_id, customer_id = new_id(), new_id()
    await apply(
        pool,
        people,
        [
            record_of(customer_state(customer_id)),
            record_of(contact_state(contact_id, email, customer_id)),
        ],
    )
    await apply(pool, consents, [record_of(consent_granted(contact_id))])
    return contact_id, customer_id


async def published(pool: Pool, event: type[Event]) -> list[Event]:
    """What the outbox holds of this type, in order."""
    rows = await pool.fetch(
        "SELECT payload FROM outbox WHERE headers::json->>'ce_type' = $1 ORDER BY id", event.type
    )
    return [event.model_validate_json(row["payload"]) for row in rows]


async def segment_of(client: httpx.AsyncClient, contact_ids: Sequence[UUID]) -> str:
    """A static segment of these people."""
    made = await client.post("/v1/segments", json={"name": "These", "kind": "static"})
    segment_id: str = made.json()["segment_id"]
    ids = [str(contact_id) for contact_id in contact_ids]
    await client.post(f"/v1/segments/{segment_id}/members", json={"contact_ids": ids})
    return segment_id


async def launch(
    pool: Pool, client: httpx.AsyncClient, contact_ids: Sequence[UUID], **changes: object
) -> str:
    """A launched campaign to these people; their messages are reserved, none is sent."""
    body = {
        "name": "Spring",
        "campaign_type": "email",
        "objective": "promotion",
        "purpose": "marketing",
        "segment_ids": [await segment_of(client, contact_ids)],
        "subject": "Spring is here",
        "body_text": "Look: https://shop.example/spring",
        "link_url": "https://shop.example/spring",
        **changes,
    }
    planned = await client.post("/v1/campaigns", json=body)
    assert planned.status_code == 201, planned.text
    campaign_id: str = planned.json()["campaign_id"]
    await evaluate_new_segments(pool)
    launched = await client.post(f"/v1/campaigns/{campaign_id}/launch")
    assert launched.status_code == 200, launched.text
    await reserve_messages(pool)
    return campaign_id


async def messages_of(client: httpx.AsyncClient, campaign_id: str) -> list[dict[str, object]]:
    answer = await client.get("/v1/messages", params={"campaign_id": campaign_id})
    items: list[dict[str, object]] = answer.json()["items"]
    return items


async def policy(pool: Pool, **changes: object) -> None:
    """A new version of the contact policy."""
    columns = {
        "promotional_cap": "promotional_cap",
        "cap_window": "cap_window",
        "critical_severity": "critical_severity",
        "release_delay": "release_delay",
        "nurture_pause": "nurture_pause",
        "attribution_window": "attribution_window",
        "response_scores": "response_scores",
        "talk_pause": "talk_pause",
        "talk_kinds": "talk_kinds",
        "own_departments": "own_departments",
        "occasion_pause": "occasion_pause",
    }
    columns.update({name: f"'{value}'" for name, value in changes.items()})
    await pool.execute(
        f"INSERT INTO contact_policies SELECT policy_version + 1, {', '.join(columns.values())}"
        " FROM contact_policies ORDER BY policy_version DESC LIMIT 1"
    )


def way_out(letter: EmailMessage) -> str:
    """Where a mail program sends its one click."""
    return str(letter["List-Unsubscribe"]).strip("<>")
