"""Deals for the tests, opened and changed over HTTP."""

from typing import Any
from uuid import UUID

from tests.integration.pipeline.conftest import Caller


def deal_of(customer_id: UUID, **fields: Any) -> dict[str, Any]:
    return {
        "customer_id": str(customer_id),
        "name": "Light for the quay",
        "amount": "125000.00",
        "currency": "EUR",
        "expected_close_date": "2026-12-31",
        **fields,
    }


async def open_deal(sales: Caller, customer_id: UUID, **fields: Any) -> dict[str, Any]:
    answer = await sales.post("/v1/deals", deal_of(customer_id, **fields))
    assert answer.status_code == 201, answer.text
    deal: dict[str, Any] = answer.json()
    return deal


async def command(sales: Caller, deal: dict[str, Any], name: str, body: Any = None) -> Any:
    answer = await sales.post(f"/v1/deals/{deal['deal_id']}/{name}", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def risks(sales: Caller, deal: dict[str, Any]) -> set[tuple[str, str | None]]:
    answer = (await sales.get(f"/v1/deals/{deal['deal_id']}")).json()
    return {(risk["code"], risk["cause_id"]) for risk in answer["risks"]}
