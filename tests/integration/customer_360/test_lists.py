"""Lists: search, the timeline, and the figures of many customers."""

from typing import Any
from uuid import uuid4

import pytest

from tests.integration.customer_360.conftest import Customer360
from tests.unit.customer_360.histories.story import Story

ADA, BOB = Story("ada"), Story("bob")


async def _found(service: Customer360, **params: str) -> list[tuple[str, str]]:
    page = await service.get("/v1/customers", **params)
    return [(hit["customer_id"], hit["matched"]) for hit in page["items"]]


@pytest.mark.parametrize(
    ("query", "matched"),
    [
        ("müller mach", "name"),
        ("Ada Muller Machnes", "name"),
        ("lovelace", "person"),
        ("ada lovelase", "person"),
        ("ADA@example.com", "email"),
        ("0044 20 7946 0018", "phone"),
        ("no-ada", "external-id"),
    ],
)
async def test_a_customer_is_found_by(service: Customer360, query: str, matched: str) -> None:
    await service.happens(
        ADA.customer_state(),
        ADA.contact_state(),
        BOB.customer_state(display_name="Bobbin & Sons"),
    )

    assert await _found(service, q=query) == [(str(ADA.customer), matched)]


async def test_a_customer_is_found_by_system_and_id(service: Customer360) -> None:
    await service.happens(ADA.customer_state(), BOB.customer_state())

    found = await _found(service, external_system="erp", external_id="no-bob")

    assert found == [(str(BOB.customer), "external-id")]
    assert await _found(service, external_system="erp", external_id="no-one") == []


@pytest.mark.parametrize("query", ["%", "_", "\\", "''; --", "?", "*", "\u200b"])
async def test_odd_characters_find_nobody(service: Customer360, query: str) -> None:
    await service.happens(ADA.customer_state())

    assert await _found(service, q=query) == []


async def test_a_search_for_nothing_is_refused(service: Customer360) -> None:
    response = await service.client.get("/v1/customers")

    assert (response.status_code, response.json()["field"]) == (422, "q")


async def test_the_timeline_is_paged_from_the_newest_down(service: Customer360) -> None:
    await service.happens(*[ADA.order(number) for number in range(1, 8)])
    await service.happens(ADA.contact_state(), ADA.consent_granted(), ADA.suppression_added())

    titles: list[str] = []
    cursor = None
    while True:
        params = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = await service.get(f"/v1/customers/{ADA.customer}/timeline", **params)
        titles += [item["title"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert titles[:2] == ["Order ada-7: 29.33 USD", "Order ada-6: 29.33 USD"]
    assert sorted(titles[7:]) == [
        "Allowed marketing by email (form)",
        "No email to this person (opt out)",
    ]


async def test_a_lead_is_in_the_timeline_of_the_customer_it_became(service: Customer360) -> None:
    await service.happens(*ADA.history()[4])

    page = await service.get(f"/v1/customers/{ADA.customer}/timeline")

    assert {item["title"] for item in page["items"]} == {
        "Lead from form by web",
        "Lead assigned to anna",
        "Lead converted",
    }


@pytest.mark.parametrize("cursor", ["x", "W10=", "WyJhIiwiYiJd", "WyIyMDI2LTAxLTAxIiwiYSJd"])
async def test_a_made_up_cursor_is_refused(service: Customer360, cursor: str) -> None:
    response = await service.client.get(
        f"/v1/customers/{ADA.customer}/timeline", params={"cursor": cursor}
    )

    assert response.status_code == 422


async def test_the_timeline_of_an_unknown_customer_is_empty(service: Customer360) -> None:
    assert await service.get(f"/v1/customers/{uuid4()}/timeline") == {"items": [], "next": None}


async def test_profiles_are_listed_with_their_figures(service: Customer360) -> None:
    names = [Story(f"c{number}") for number in range(5)]
    await service.happens(*[name.customer_state() for name in names])
    await service.happens(*[name.order(1, "10.50") for name in names], names[0].order(2))

    listed: dict[str, Any] = {}
    cursor = None
    while True:
        params = {"limit": 2, "external_system": "erp"} | ({"cursor": cursor} if cursor else {})
        page = await service.get("/v1/profiles", **params)
        listed |= {item["external_id"]: item for item in page["items"]}
        cursor = page["next"]
        if cursor is None:
            break

    assert set(listed) == {f"no-{name.name}" for name in names}
    assert (listed["no-c0"]["order_count"], listed["no-c0"]["revenue"]) == (2, {"USD": "39.83"})
    assert listed["no-c1"]["first_order_at"] == listed["no-c1"]["last_order_at"]


async def test_profiles_of_another_system_are_not_listed(service: Customer360) -> None:
    await service.happens(ADA.customer_state())

    assert (await service.get("/v1/profiles", external_system="shop"))["items"] == []
    assert len((await service.get("/v1/profiles"))["items"]) == 1
