"""Where customers stand who were one for a while: what was won or ordered counts for its own."""

from typing import Any
from uuid import UUID

import pytest
from contacts.customers.consumers import deals, orders
from shared.db import Pool
from shared.messaging.consuming import apply

from tests.integration.contacts.conftest import Api, Outbox, lifecycle_of
from tests.integration.contacts.test_merges import merged, organization, undo
from tests.integration.contacts.test_reactions import order, reopened, won
from tests.records import record_of


async def _two(api: Api, pool: Pool, stood: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Two customers, and the deals by which some of them are customers."""
    ids = {name: await organization(api) for name in ("one", "two")}
    sold = {name: won(ids[name]) for name in ids if stood in {name, "both"}}
    await apply(pool, deals, [record_of(each) for each in sold.values()])
    return ids, sold


async def _stand(pool: Pool, ids: dict[str, str]) -> list[str | None]:
    return [await lifecycle_of(pool, each) for each in ids.values()]


@pytest.mark.parametrize("stood", ["nobody", "one", "two", "both"])
@pytest.mark.parametrize("by", ["one", "two"])
async def test_what_is_ordered_meanwhile_makes_a_customer_of_whoever_it_names(
    api: Api, pool: Pool, stood: str, by: str
) -> None:
    ids, sold = await _two(api, pool, stood)
    made = await merged(api, ids["one"], ids["two"])
    await apply(pool, orders, [record_of(order(ids[by]))])
    assert await lifecycle_of(pool, ids["one"]) == "customer"
    assert (await undo(api, made["merge_id"])).status_code == 200
    buyers = {*sold, by}
    wanted = ["customer" if name in buyers else "prospect" for name in ids]
    assert await _stand(pool, ids) == wanted


@pytest.mark.parametrize(
    ("stood", "lost"), [("one", "one"), ("two", "two"), ("both", "one"), ("both", "two")]
)
async def test_what_is_taken_back_meanwhile_is_not_given_back(
    api: Api, pool: Pool, stood: str, lost: str
) -> None:
    ids, sold = await _two(api, pool, stood)
    made = await merged(api, ids["one"], ids["two"])
    told = reopened(sold[lost]).model_copy(update={"customer_id": UUID(ids["one"])})
    await apply(pool, deals, [record_of(told, 2)])
    assert (await undo(api, made["merge_id"])).status_code == 200
    buyers = sold.keys() - {lost}
    assert await _stand(pool, ids) == ["customer" if n in buyers else "prospect" for n in ids]


async def test_what_was_won_by_the_one_that_stayed_is_taken_back_from_it(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    """The deal was the other's at first, and is again when they part: there it is reopened."""
    ids, _ = await _two(api, pool, "nobody")
    made = await merged(api, ids["one"], ids["two"])
    sold = won(ids["one"])
    await apply(pool, deals, [record_of(sold)])
    assert (await undo(api, made["merge_id"])).status_code == 200
    assert await _stand(pool, ids) == ["customer", "prospect"]
    told = reopened(sold).model_copy(update={"customer_id": UUID(ids["two"])})
    await apply(pool, deals, [record_of(told, 2)])
    assert await _stand(pool, ids) == ["prospect", "prospect"]
    said = await outbox.types()
    await apply(pool, deals, [record_of(told, 2)])
    assert await outbox.types() == said


async def test_who_is_a_customer_by_hand_stays_one(api: Api, pool: Pool) -> None:
    ids, _ = await _two(api, pool, "two")
    moved = {"to": "customer", "reason_code": "old-books"}
    answer = await api.post(f"/v1/customers/{ids['one']}/lifecycle", moved)
    assert answer.status_code == 200, answer.text
    made = await merged(api, ids["one"], ids["two"])
    assert (await undo(api, made["merge_id"])).status_code == 200
    assert await _stand(pool, ids) == ["customer", "customer"]
