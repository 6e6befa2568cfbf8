"""Who asks what is held is told what is computed of them, too, and nothing of anybody else."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.contracts.contacts import Credit, CreditHold, ExportCompleted, ExportRequested
from shared.contracts.privacy import ANSWERING, EXPORT_ACKNOWLEDGED

from tests.integration.customer_360.conftest import Customer360, token
from tests.integration.customer_360.test_grades import graded
from tests.unit.customer_360.histories.story import Story
from tests.unit.customer_360.histories.times import at

ADA, BOB = Story("ada"), Story("bob")
REQUEST = UUID(int=41)
PATH = f"/v1/privacy/parts/{REQUEST}"
DUE = datetime(2026, 11, 22, 9, tzinfo=UTC)
HELD = Credit(
    limit=Decimal(100),
    currency="USD",
    terms_days=14,
    exposure=Decimal(120),
    available=Decimal(-20),
    approved_by="the-boss",
    hold=CreditHold(
        reason_code="over-limit", is_manual=False, placed_by="an-employee", placed_at=at(5)
    ),
)


def asked(*customer_ids: UUID) -> ExportRequested:
    return ExportRequested(
        request_id=REQUEST,
        contact_id=ADA.contact,
        contact_ids=(ADA.contact,),
        customer_ids=customer_ids,
        required_acks=ANSWERING,
        target_at=DUE,
        deadline_at=DUE,
    )


async def disclosed(service: Customer360, *roles: Any) -> Any:
    headers = {"Authorization": f"Bearer {token(*(roles or ('disclosure',)))}"}
    return await service.client.get(PATH, headers=headers)


async def test_the_figures_of_an_individual_customer_are_told(service: Customer360) -> None:
    for story in (ADA, BOB):
        state = story.customer_state(
            kind="individual", lifecycle="customer", grading=graded(), credit=HELD
        )
        await service.happens(state, story.contact_state(), story.order(1), story.order(2, "10.00"))
    await service.happens(
        *ADA.paid_late()[:3], ADA.consent_granted(), ADA.ticket_opened(), BOB.consent_withdrawn()
    )
    await service.happens(asked(ADA.customer))

    part = (await disclosed(service)).json()
    [figures] = part["figures"]
    assert (figures["customer_id"], figures["order_count"]) == (str(ADA.customer), 3)
    assert figures["revenue"] == {"USD": "68.66"}
    assert (figures["value_recency"], figures["value_group"]) == (5, "need-attention")
    assert (figures["open_tickets"], figures["open_critical_tickets"]) == (1, 1)
    [grade] = part["grade"]
    assert (grade["grade"], grade["score"], len(grade["parts"])) == ("C", "42", 5)
    [credit] = part["credit"]
    assert (credit["limit"], credit["exposure"]) == ("100", "120")
    assert credit["hold"]["reason_code"] == "over-limit"
    assert {alert["code"] for alert in part["alerts"]} == {"payment-overdue", "credit-over-limit"}
    answers = {(row["channel"], row["purpose"]): row for row in part["contactability"]}
    marketing = answers["email", "marketing"]
    assert (marketing["ok"], marketing["reason"]) == (False, "open-ticket")
    assert {row["contact_id"] for row in part["contactability"]} == {str(ADA.contact)}
    text = (await disclosed(service)).text
    for hidden in ("the-boss", "an-employee", "anna", str(BOB.customer)):
        assert hidden not in text
    row = await service.pool.fetchval(
        "SELECT payload FROM outbox WHERE topic = $1",
        EXPORT_ACKNOWLEDGED["customer-360"].topic.name,
    )
    said = EXPORT_ACKNOWLEDGED["customer-360"].model_validate_json(row)
    assert said.collected == {name: len(rows) for name, rows in part.items()}


async def test_of_an_organization_nothing_is_told_but_whether_its_person_may_be_contacted(
    service: Customer360,
) -> None:
    state = ADA.customer_state(lifecycle="customer", grading=graded(), credit=HELD)
    await service.happens(state, ADA.contact_state(), ADA.order(1), ADA.suppression_added())
    await service.happens(asked())
    part = (await disclosed(service)).json()
    assert (part["figures"], part["grade"], part["credit"], part["alerts"]) == ([], [], [], [])
    answers = {(row["channel"], row["purpose"]): row for row in part["contactability"]}
    assert answers["email", "service"]["reason"] == "suppression-list"
    assert answers["phone", "service"] == {
        "contact_id": str(ADA.contact),
        "channel": "phone",
        "purpose": "service",
        "ok": False,
        "reason": "consent",
        "because": "unknown",
    }


async def test_only_who_discloses_is_told_and_only_while_it_is_answered(
    service: Customer360,
) -> None:
    await service.happens(ADA.customer_state(), ADA.contact_state(), asked(ADA.customer))
    for role in ("privacy", "sales", "reader"):
        assert (await disclosed(service, role)).status_code == 403
    assert (await disclosed(service)).status_code == 200
    completed = ExportCompleted(
        request_id=REQUEST, contact_id=ADA.contact, bundle_ref="/v1/bundle", expires_at=DUE
    )
    await service.happens(completed)
    assert (await disclosed(service)).status_code == 404
