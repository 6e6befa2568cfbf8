"""HR says who left: in every service what was theirs moves, to the brief (choreography 37, 44)."""

from datetime import UTC, datetime

from devstack.demo.doors import Caller, Json, eventually
from devstack.demo.story.cast import Cast, in_days
from shared.contracts.contacts import HANDOVER_EVENTS
from shared.contracts.external import EmployeeLeft
from shared.ids import new_id
from shared.settings import KafkaSettings

from tests.flows.ledger import Ledger
from tests.flows.steps import open_ticket, publish


async def _customer(cast: Cast, name: str, **fields: str) -> str:
    body = {"kind": "organization", "display_name": name, **fields}
    return str((await cast.sales.post("contacts", "/v1/customers", body))["customer_id"])


async def _deal(cast: Cast, customer_id: str, owner_id: str) -> str:
    deal = {
        "customer_id": customer_id,
        "name": "Lamps for a pier",
        "amount": "700.00",
        "currency": "EUR",
        "expected_close_date": in_days(20).isoformat(),
        "owner_id": owner_id,
    }
    return str((await cast.sales.post("pipeline", "/v1/deals", deal))["deal_id"])


async def _promise(cast: Cast, customer_id: str, made_by: str) -> str:
    promised = {
        "customer_id": customer_id,
        "kind": "price",
        "text": "No more than last year",
        "made_by": made_by,
        "due_at": f"{in_days(9).isoformat()}T12:00:00Z",
    }
    return str((await cast.sales.post("pipeline", "/v1/commitments", promised))["commitment_id"])


async def _lead(cast: Cast, owner_id: str) -> str:
    """Somebody at a fair, of whom nothing but a name is known."""
    body = {"name": "Somebody at a fair", "source": "fair", "channel": "in-person"}
    lead_id = (await cast.sales.post("pipeline", "/v1/leads", body))["lead_id"]
    await cast.sales.post("pipeline", f"/v1/leads/{lead_id}/assign", {"owner_id": owner_id})
    return str(lead_id)


async def _campaign(marketer: Caller) -> str:
    name = f"Lamps {new_id()}"
    segment = await marketer.post("campaigns", "/v1/segments", {"name": name, "kind": "static"})
    plan = {
        "name": name,
        "campaign_type": "email",
        "objective": "promotion",
        "purpose": "marketing",
        "segment_ids": [segment["segment_id"]],
        "subject": "Lamps",
        "body_text": "Lamps.",
    }
    return str((await marketer.post("campaigns", "/v1/campaigns", plan))["campaign_id"])


async def test_hr_says_who_left_and_the_successor_has_everything_and_a_brief(
    cast: Cast, kafka: KafkaSettings, ledger: Ledger
) -> None:
    leaver, heir = f"leaver-{new_id().hex[-8:]}", f"heir-{new_id().hex[-8:]}"
    own = await _customer(cast, f"{cast.customer.company} own", owner_id=leaver)
    served = await _customer(cast, f"{cast.customer.company} served", owner_id="otto")
    deal_id = await _deal(cast, own, leaver)
    commitment_id = await _promise(cast, own, leaver)
    lead_id = await _lead(cast, leaver)
    ticket_id = await open_ticket(cast, served, severity=3)
    await cast.service.post("service-desk", f"/v1/tickets/{ticket_id}/assign", {"agent_id": leaver})
    campaign_id = await _campaign(cast.doors.caller(leaver, "marketing"))
    await cast.rest()

    left = EmployeeLeft(
        employee_id=leaver, left_at=datetime.now(UTC), manager_id="maria", successor_id=heir
    )
    await publish(kafka, left, left)  # HR says it again
    admin = cast.doors.caller("maria", "admin")

    async def is_done() -> Json | None:
        page = await admin.get("contacts", "/v1/handovers", from_owner_id=leaver)
        return next((h for h in page["items"] if h["status"] == "completed"), None)

    done = await eventually(is_done, "every service has acknowledged")
    await cast.rest()
    assert done["acknowledged"] == {
        "contacts": {"customers": 1},
        "pipeline": {"deals": 1, "leads": 1, "commitments": 1},
        "service-desk": {"tickets": 1},
        "campaigns": {"campaigns": 1},
    }
    told = await ledger.records(HANDOVER_EVENTS, done["handover_id"])
    assert len(told) == 2, "started once and completed once, whatever HR repeats"
    planned = await cast.marketing.get("campaigns", f"/v1/campaigns/{campaign_id}")
    assert planned["owner_id"] == heir

    path = f"/v1/handovers/{done['handover_id']}/brief"
    brief = await cast.sales.get("customer-360", path)
    assert (brief["handover"]["from_owner_id"], brief["handover"]["to_owner_id"]) == (leaver, heir)
    given = {
        customer["customer_id"]: {
            (thing["kind"], thing["id"], thing["to_owner_id"], thing["has_moved"])
            for thing in customer["handed_over"]
        }
        for customer in brief["items"]
    }
    assert given == {
        own: {
            ("customer", own, heir, True),
            ("deal", deal_id, heir, True),
            ("commitment", commitment_id, heir, True),
        },
        served: {("ticket", ticket_id, heir, True)},
    }
    [lead] = brief["leads"]["items"]
    assert (lead["lead_id"], lead["owner_id"]) == (lead_id, heir)
