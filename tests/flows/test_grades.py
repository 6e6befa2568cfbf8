"""What the 360 sees of a customer moves it out of its grade: contacts looks at once (row 39)."""

import uuid
from decimal import Decimal

from devstack.demo.doors import Json, eventually
from devstack.demo.story.cast import Cast

from tests.flows.steps import open_deal
from tests.flows.view import assert_view_is_true


async def test_a_grade_is_looked_at_as_soon_as_the_figures_leave_its_band(cast: Cast) -> None:
    named = {"kind": "organization", "display_name": f"Quay {uuid.uuid4().hex[:10]} Ltd"}
    customer_id = str((await cast.sales.post("contacts", "/v1/customers", named))["customer_id"])
    path = f"/v1/customers/{customer_id}"
    first = await open_deal(cast, customer_id, "first")
    await cast.sales.post("pipeline", f"/v1/deals/{first}/win")
    await cast.rest()
    graded = await cast.sales.post("contacts", f"{path}/grade/review")
    before: Json = graded["grading"]
    assert (before["grade"], Decimal(before["score"]) < 10) == ("E", True)

    survey = {"kind": "nps", "customer_id": customer_id}
    sent = await cast.service.post("service-desk", "/v1/surveys", survey)
    answer = f"/v1/surveys/{sent['survey_id']}/answer"
    await cast.service.post("service-desk", answer, {"score": 10})
    await open_deal(cast, customer_id, "second")

    async def regraded() -> Json | None:
        seen = await cast.sales.get("contacts", path)
        grading: Json = seen["grading"]
        return grading if grading["graded_at"] > before["graded_at"] else None

    after = await eventually(regraded, "contacts has looked at the grade again")
    assert after["decided_by"] == "policy"
    inputs = {part["component"]: part["inputs"] for part in after["components"]}
    assert Decimal(inputs["loyalty"]["nps"]) == 10
    view = await assert_view_is_true(cast, customer_id)
    assert view["grade"]["score"] == after["score"]
