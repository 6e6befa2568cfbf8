"""Deals over HTTP: their life, their rules, their lists."""

from shared.contracts.pipeline import (
    DealAmountChanged,
    DealCloseDateChanged,
    DealLost,
    DealOpened,
    DealReopened,
    DealStageChanged,
    DealState,
    DealWon,
    DefinitionPublished,
)
from shared.ids import new_id

from tests.integration.pipeline.conftest import Caller, Outbox
from tests.integration.pipeline.deals import command, deal_of, open_deal


async def test_a_deal_goes_through_its_life(sales: Caller, outbox: Outbox) -> None:
    deal = await open_deal(sales, new_id())
    assert (deal["stage_id"], deal["probability"], deal["owner_id"]) == ("discovery", 10, "anna")
    await command(sales, deal, "stage", {"stage_id": "negotiation"})
    await command(sales, deal, "amount", {"amount": "99000.50"})
    await command(sales, deal, "close-date", {"date": "2027-01-15"})
    won = await command(sales, deal, "win")
    assert (won["status"], won["probability"], won["version"]) == ("won", 100, 5)
    assert await command(sales, deal, "win") == won
    await command(sales, deal, "reopen", {"reason_code": "error", "approved_by": "boss"})
    lost = await command(sales, deal, "lose", {"reason_code": "price"})
    assert (lost["status"], lost["reason_code"]) == ("lost", "price")
    await command(sales, deal, "reopen", {"reason_code": "came-back"})
    facts = await outbox.facts()
    assert [type(fact) for fact in facts] == [
        DefinitionPublished,
        DealOpened,
        DealStageChanged,
        DealAmountChanged,
        DealCloseDateChanged,
        DealWon,
        DealReopened,
        DealLost,
        DealReopened,
    ]
    assert await outbox.versions(DealOpened.topic.name) == list(range(1, 9))


async def test_each_change_publishes_the_deal_as_the_api_shows_it(
    sales: Caller, outbox: Outbox
) -> None:
    deal = await open_deal(sales, new_id())
    flagged = await command(sales, deal, "risks", {"severity": "low"})
    won = await command(sales, deal, "win")
    states = await outbox.facts(DealState)
    assert await outbox.versions(DealState.topic.name) == [1, 2, 3]
    for state, shown in zip(states[1:], (flagged, won), strict=True):
        assert state == DealState.model_validate(shown)
    assert "version" not in DealState.model_fields


async def test_the_same_idempotency_key_opens_one_deal(sales: Caller, outbox: Outbox) -> None:
    customer_id = new_id()
    headers = {**sales.headers, "Idempotency-Key": "deal-1"}
    asked = Caller(sales.http, headers)
    first = await asked.post("/v1/deals", deal_of(customer_id))
    again = await asked.post("/v1/deals", deal_of(customer_id))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert len(await outbox.facts(DealOpened)) == 1
    other = await asked.post("/v1/deals", deal_of(new_id()))
    assert (other.status_code, other.json()["type"]) == (409, "urn:rapport:problem:deal-exists")


async def test_a_stale_version_is_refused(sales: Caller) -> None:
    deal = await open_deal(sales, new_id())
    path = f"/v1/deals/{deal['deal_id']}/amount"
    first = await sales.post(path, {"amount": "1"}, If_Match='"1"')
    assert (first.status_code, first.headers["etag"]) == (200, '"2"')
    assert (await sales.post(path, {"amount": "2"}, If_Match='"1"')).status_code == 412


async def test_rules_of_deals_answer_with_409_and_say_which(sales: Caller) -> None:
    deal = await open_deal(sales, new_id())
    path = f"/v1/deals/{deal['deal_id']}"
    final = await sales.post(f"{path}/stage", {"stage_id": "won"})
    assert (final.status_code, final.json()["type"]) == (
        409,
        "urn:rapport:problem:stage-is-final",
    )
    unknown = await sales.post(f"{path}/stage", {"stage_id": "nowhere"})
    assert (unknown.status_code, unknown.json()["field"]) == (422, "stage_id")
    await command(sales, deal, "win")
    approval = await sales.post(f"{path}/reopen", {"reason_code": "error"})
    assert (approval.status_code, approval.json()["field"]) == (422, "approved_by")
    assert (await sales.post(f"{path}/lose", {"reason_code": "price"})).status_code == 409


async def test_deals_are_listed_by_customer_in_pages(sales: Caller) -> None:
    customer_id = new_id()
    deals = [await open_deal(sales, customer_id, name=f"Deal {n}") for n in range(3)]
    await command(sales, deals[0], "lose", {"reason_code": "price"})
    page = (await sales.get("/v1/deals", customer_id=customer_id, limit=2)).json()
    assert [deal["name"] for deal in page["items"]] == ["Deal 2", "Deal 1"]
    rest = await sales.get("/v1/deals", customer_id=customer_id, limit=2, cursor=page["next"])
    assert [deal["name"] for deal in rest.json()["items"]] == ["Deal 0"]
    lost = await sales.get("/v1/deals", customer_id=customer_id, status="lost")
    assert [deal["name"] for deal in lost.json()["items"]] == ["Deal 0"]
