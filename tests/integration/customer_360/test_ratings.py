"""Grade and credit in the view: from the snapshot, whole, as the last one says."""

from decimal import Decimal
from typing import Any

from shared.contracts import contacts

from tests.integration.customer_360.conftest import Customer360
from tests.unit.customer_360.histories.story import Story
from tests.unit.customer_360.histories.times import START

ADA = Story("ada")
PART = contacts.GradeComponent(
    component="contribution",
    weight=Decimal("0.40"),
    inputs={"revenue": Decimal("84000.00"), "percentile": Decimal(91)},
    level=Decimal(91),
    points=Decimal("36.40"),
)
GRADING = contacts.Grading(
    grade="B",
    score=Decimal("71.40"),
    components=(PART,),
    policy_version=1,
    service_level="gold",
    decided_by="policy",
    graded_at=START,
    next_review_at=START,
)
HOLD = contacts.CreditHold(
    reason_code="over-limit", is_manual=False, placed_by="policy", placed_at=START
)
CREDIT = contacts.Credit(
    limit=Decimal("1000.00"),
    currency="EUR",
    terms_days=30,
    exposure=Decimal("1200.00"),
    available=Decimal("-200.00"),
    hold=HOLD,
)
PLACED = contacts.CustomerCreditHoldPlaced(
    customer_id=ADA.customer,
    reason_code="over-limit",
    is_manual=False,
    exposure=Decimal(1200),
    overdue_amount=Decimal(0),
    currency="EUR",
    placed_by="policy",
    placed_at=START,
)
GRADED = contacts.CustomerGraded(
    customer_id=ADA.customer,
    from_grade="C",
    to_grade="B",
    score=Decimal("71.40"),
    components=(PART,),
    policy_version=1,
    service_level="gold",
    decided_by="policy",
    effective_at=START,
    next_review_at=START,
)


async def _view(service: Customer360) -> Any:
    return await service.get(f"/v1/customers/{ADA.customer}")


async def test_grade_and_credit_are_shown_with_their_explanation(service: Customer360) -> None:
    await service.happens(ADA.customer_state())
    assert ((await _view(service))["grade"], (await _view(service))["credit"]) == (None, None)
    await service.happens(GRADED, PLACED, ADA.customer_state(grading=GRADING, credit=CREDIT))
    view = await _view(service)
    [part] = view["grade"]["components"]
    assert (view["grade"]["grade"], part["points"]) == ("B", "36.40")
    assert part["inputs"] == {"revenue": "84000.00", "percentile": "91"}
    assert (view["credit"]["available"], view["credit"]["hold"]["reason_code"]) == (
        "-200.00",
        "over-limit",
    )
    assert [alert["code"] for alert in view["alerts"]] == ["credit-over-limit"]
    items = (await service.get(f"/v1/customers/{ADA.customer}/timeline"))["items"]
    assert {item["title"] for item in items} >= {
        "Grade B (71 points), was C",
        "Credit hold (over limit)",
    }


async def test_a_limit_past_its_time_is_an_alert_and_a_line(service: Customer360) -> None:
    expired = contacts.CustomerCreditLimitExpired(
        customer_id=ADA.customer, limit=Decimal(1000), currency="EUR", valid_until=START
    )
    credit = contacts.Credit(
        limit=Decimal(1000), currency="EUR", available=Decimal(1000), expired_at=START
    )
    await service.happens(expired, ADA.customer_state(credit=credit))
    alerts = (await _view(service))["alerts"]
    assert [(alert["code"], alert["severity"]) for alert in alerts] == [
        ("credit-limit-expired", "medium")
    ]
    [line] = (await service.get(f"/v1/customers/{ADA.customer}/timeline"))["items"]
    assert line["title"] == "Credit limit 1,000.00 EUR is past its time"
    renewed = credit.model_copy(update={"expired_at": None})
    await service.happens(ADA.customer_state(credit=renewed))
    assert (await _view(service))["alerts"] == []
