"""Who may come in by which door, and what each says to malformed input."""

from collections.abc import Callable

import httpx
import pytest
from shared.auth import Role

from tests.integration.pipeline.conftest import Caller
from tests.records import NOBODY

WRITES: list[tuple[str, Role]] = [
    ("/v1/leads", "service"),
    (f"/v1/leads/{NOBODY}/assign", "marketing"),
    (f"/v1/leads/{NOBODY}/contact", "marketing"),
    (f"/v1/leads/{NOBODY}/qualify", "marketing"),
    (f"/v1/leads/{NOBODY}/disqualify", "marketing"),
    (f"/v1/leads/{NOBODY}/convert", "marketing"),
    ("/v1/pipelines", "sales"),
    ("/v1/deals", "service"),
    (f"/v1/deals/{NOBODY}/stage", "service"),
    (f"/v1/deals/{NOBODY}/amount", "service"),
    (f"/v1/deals/{NOBODY}/close-date", "service"),
    (f"/v1/deals/{NOBODY}/win", "service"),
    (f"/v1/deals/{NOBODY}/lose", "service"),
    (f"/v1/deals/{NOBODY}/reopen", "service"),
    (f"/v1/deals/{NOBODY}/risks", "service"),
    (f"/v1/deals/{NOBODY}/risks/clear", "service"),
    ("/v1/commitments", "marketing"),
    (f"/v1/commitments/{NOBODY}/fulfil", "marketing"),
    (f"/v1/commitments/{NOBODY}/withdraw", "integration"),
    (f"/v1/commitments/{NOBODY}/owner", "reader"),
]
READS = [
    "/v1/leads",
    f"/v1/leads/{NOBODY}",
    "/v1/pipelines",
    "/v1/deals",
    f"/v1/deals/{NOBODY}",
    "/v1/commitments",
    f"/v1/commitments/{NOBODY}",
    "/v1/orders",
    "/v1/orders/waiting",
    f"/v1/orders/{NOBODY}",
]
PROMISE: dict[str, object] = {
    "customer_id": str(NOBODY),
    "kind": "price",
    "text": "Ten percent off the next one",
    "due_at": "2036-01-01T00:00:00Z",
}
MALFORMED: list[tuple[str, dict[str, object], str]] = [
    ("/v1/leads", {"source": "fair"}, "channel"),
    (f"/v1/leads/{NOBODY}/assign", {"owner_id": ""}, "owner_id"),
    (f"/v1/leads/{NOBODY}/qualify", {"answers": {"need": "free text"}}, "answers.need"),
    (f"/v1/leads/{NOBODY}/disqualify", {}, "reason_code"),
    (f"/v1/leads/{NOBODY}/convert", {"deal": {"name": "x"}}, "deal.amount"),
    ("/v1/pipelines", {"name": "x", "kind": "y", "stages": []}, "stages"),
    ("/v1/deals", {"customer_id": "nobody"}, "customer_id"),
    (f"/v1/deals/{NOBODY}/stage", {}, "stage_id"),
    (f"/v1/deals/{NOBODY}/amount", {"amount": "-1"}, "amount"),
    (f"/v1/deals/{NOBODY}/close-date", {"date": "soon"}, "date"),
    (f"/v1/deals/{NOBODY}/win", {"requires_onboarding": "perhaps"}, "requires_onboarding"),
    (f"/v1/deals/{NOBODY}/lose", {}, "reason_code"),
    (f"/v1/deals/{NOBODY}/reopen", {}, "reason_code"),
    (f"/v1/deals/{NOBODY}/risks", {"severity": "deadly"}, "severity"),
    (f"/v1/deals/{NOBODY}/risks/clear", {"code": "mood"}, "code"),
    ("/v1/commitments", {"customer_id": str(NOBODY), "kind": "price", "text": "x"}, "due_at"),
    ("/v1/commitments", {**PROMISE, "kind": "marriage"}, "kind"),
    ("/v1/commitments", {**PROMISE, "text": ""}, "text"),
    ("/v1/commitments", {**PROMISE, "due_at": "2036-01-01T00:00:00"}, "due_at"),
    ("/v1/commitments", {**PROMISE, "amount": "10.00"}, "currency"),
    (f"/v1/commitments/{NOBODY}/fulfil", {"evidence_ref": "in so many words"}, "evidence_ref"),
    (f"/v1/commitments/{NOBODY}/withdraw", {"reason_code": "x"}, "agreed_with_contact_id"),
    (f"/v1/commitments/{NOBODY}/owner", {"owner_id": "tim"}, "reason_code"),
]


@pytest.mark.parametrize(("path", "wrong"), WRITES)
async def test_a_write_needs_a_token_and_the_right_role(
    http: httpx.AsyncClient, caller: Callable[[Role], Caller], path: str, wrong: Role
) -> None:
    assert (await http.post(path, json={})).status_code == 401
    assert (await caller(wrong).post(path, {})).status_code == 403


@pytest.mark.parametrize("path", READS)
async def test_a_read_needs_a_token(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 401


@pytest.mark.parametrize(("path", "body", "field"), MALFORMED)
async def test_malformed_input_is_refused_with_the_field_named(
    caller: Callable[[Role], Caller], path: str, body: dict[str, object], field: str
) -> None:
    answer = await caller("admin").post(path, body)
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json()["errors"]]


async def test_stages_that_make_no_pipeline_are_refused(caller: Callable[[Role], Caller]) -> None:
    stage = {"name": "S", "category": "open", "probability": 10}
    stages = [{**stage, "stage_id": f"s{n}", "position": n} for n in range(3)]
    body = {"name": "x", "kind": "y", "stages": stages}
    answer = await caller("admin").post("/v1/pipelines", body)
    assert (answer.status_code, answer.json()["field"]) == (422, "stages")


async def test_what_is_not_there_is_not_found(sales: Caller) -> None:
    kinds = ("leads", "deals", "commitments", "orders")
    for path in (f"/v1/{kind}/{NOBODY}" for kind in kinds):
        assert (await sales.get(path)).status_code == 404
