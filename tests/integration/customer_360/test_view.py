"""The view over HTTP: what is shown, what is waited for, who may see it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from shared.contact_points import subject_hash
from shared.contracts.contacts import CONTACT_STATE, CUSTOMER_STATE

from tests.integration.customer_360.conftest import JWT_KEY, Customer360
from tests.records import NOBODY, record_of, tombstone_of
from tests.unit.customer_360.histories.permissions import HASH_KEY
from tests.unit.customer_360.histories.story import Story

STORY = Story()


async def _view(service: Customer360, customer_id: UUID = STORY.customer, **params: object) -> Any:
    return await service.get(f"/v1/customers/{customer_id}", **params)


async def test_the_view_shows_what_every_service_knows(service: Customer360) -> None:
    for history in STORY.history():
        await service.happens(*history)

    view = await _view(service)

    assert view["header"]["display_name"] == "Ada Müller Machines"
    assert view["header"]["lifecycle"] == "customer"
    assert [person["name"] for person in view["people"]] == ["Ada Lovelace"]
    assert view["leads"][0]["status"] == "converted"
    assert (view["deals"]["won_count"], view["deals"]["won_amount"]) == (1, {"EUR": "12000.00"})
    assert (view["orders"]["count"], view["orders"]["revenue"]) == (1, {"USD": "31.00"})
    assert view["value"]["rfm"]["r"] == 5
    assert view["service"]["csat"] == {"last": 4, "average": 4.0, "answers": 1}
    assert view["service"]["breached"] == 1
    assert (view["campaigns"]["sent"], view["campaigns"]["clicked"]) == (1, 1)
    assert view["as_of"]["crm.pipeline.deal.events.v1"]["lag_s"] == 0
    assert not view["stale"]


async def test_a_deal_may_arrive_before_its_customer(service: Customer360) -> None:
    await service.happens(STORY.deal_opened())
    early = await _view(service)
    await service.happens(STORY.customer_state())
    late = await _view(service)

    assert early["header"] is None
    assert early["deals"]["open_amount"] == {"EUR": "12000.00"}
    assert late["header"]["kind"] == "organization"
    assert late["profile_version"] > early["profile_version"]


async def test_a_repeat_raises_no_profile_version(service: Customer360) -> None:
    record = record_of(STORY.deal_opened())
    await service.apply([record])
    before = await _view(service)
    await service.apply([record])

    assert (await _view(service))["profile_version"] == before["profile_version"]


async def test_an_open_critical_ticket_warns_whoever_sells(service: Customer360) -> None:
    await service.happens(STORY.deal_opened(), STORY.ticket_opened(severity=1))
    broken = await _view(service)
    await service.happens(STORY.ticket_resolved())
    mended = await _view(service)

    assert [alert["code"] for alert in broken["alerts"]] == ["sell-while-broken"]
    assert mended["alerts"] == []


async def test_may_i_contact_follows_the_send_gate(service: Customer360) -> None:
    async def answer() -> Any:
        person = (await _view(service))["people"][0]
        return tuple(person["contactable_now"]["email:marketing"].values())

    await service.happens(STORY.customer_state(), STORY.contact_state())
    assert await answer() == (False, "consent", "unknown")
    await service.happens(STORY.consent_granted())
    assert await answer() == (True, None, None)
    await service.happens(STORY.ticket_opened())
    assert await answer() == (False, "open-ticket", None)
    await service.happens(STORY.suppression_added())
    assert await answer() == (False, "suppression-list", "opt-out")
    [person] = (await _view(service))["people"]
    [shown] = person["suppressions"]
    assert (shown["channel"], shown["scope"], shown["reason_code"]) == ("email", "all", "opt-out")


async def test_nobody_is_contacted_while_a_restriction_is_open(service: Customer360) -> None:
    restricted, lifted = STORY.restricted(), STORY.restriction_lifted()
    await service.happens(STORY.customer_state(), STORY.contact_state(), STORY.consent_granted())

    async def reasons() -> set[str | None]:
        answers = (await _view(service))["people"][0]["contactable_now"].values()
        return {answer["reason"] for answer in answers}

    assert await reasons() == {None, "consent"}
    await service.happens(restricted)
    assert await reasons() == {"restricted"}
    await service.happens(lifted)
    assert await reasons() == {None, "consent"}


async def test_a_suppressed_number_is_shown_with_the_channel_that_it_is_suppressed_on(
    service: Customer360,
) -> None:
    hashed = subject_hash(HASH_KEY, "sms", STORY.phone)
    told = STORY.suppression_added().model_copy(
        update={"channel": "sms", "subject_hash": hashed, "scope": "marketing"}
    )
    await service.happens(STORY.customer_state(), STORY.contact_state(), told)

    [person] = (await _view(service))["people"]

    assert [(each["channel"], each["scope"]) for each in person["suppressions"]] == [
        ("sms", "marketing")
    ]
    because = {pair: answer["reason"] for pair, answer in person["contactable_now"].items()}
    assert because["sms:marketing"] == "suppression-list"
    assert because["sms:service"] == because["phone:marketing"] == "consent"
    items = (await service.get(f"/v1/customers/{STORY.customer}/timeline"))["items"]
    assert "No sms to this person (opt out)" in {item["title"] for item in items}


async def test_a_consent_is_shown_with_its_basis_and_its_times(service: Customer360) -> None:
    await service.happens(STORY.customer_state(), STORY.contact_state(), STORY.question_asked())
    [asked] = (await _view(service))["people"][0]["consents"]
    assert (asked["status"], asked["lawful_basis"]) == ("pending-confirmation", None)
    confirmed = STORY.consent_granted().model_copy(
        update={"double_opt_in": True, "expires_at": datetime.now(UTC) - timedelta(days=1)}
    )
    await service.happens(confirmed)
    [person] = (await _view(service))["people"]
    [consent] = person["consents"]
    assert (consent["status"], consent["lawful_basis"]) == ("granted", "consent")
    assert (consent["double_opt_in"], consent["effective_from"]) == (True, consent["since"])
    assert person["contactable_now"]["email:marketing"]["because"] == "expired"


async def test_a_customer_nobody_named_is_not_found(service: Customer360) -> None:
    response = await service.client.get(f"/v1/customers/{uuid4()}")

    assert response.status_code == 404
    assert response.json()["type"] == "urn:rapport:problem:customer-not-found"


async def test_a_version_that_has_arrived_is_not_stale(service: Customer360) -> None:
    await service.happens(STORY.customer_state(), STORY.deal_opened())

    view = await _view(service, min_version=["1", f"{STORY.deal}:1"])

    assert view["stale"] is False


async def test_a_version_that_does_not_arrive_is_said_to_be_missing(service: Customer360) -> None:
    await service.happens(STORY.customer_state())
    asked_at = datetime.now(UTC)

    view = await _view(service, min_version=f"{STORY.deal}:3")

    assert view["stale"] is True
    assert 1.9 < (datetime.now(UTC) - asked_at).total_seconds() < 4


@pytest.mark.parametrize("text", ["x", "-1", f"{NOBODY}:", "no-id:3", "9" * 30])
async def test_a_version_of_no_form_is_refused(service: Customer360, text: str) -> None:
    response = await service.client.get(
        f"/v1/customers/{STORY.customer}", params={"min_version": text}
    )

    assert response.status_code == 422
    assert response.json()["field"] == "min_version"


async def test_an_erased_person_and_customer_are_gone_from_the_view(service: Customer360) -> None:
    await service.happens(STORY.customer_state(), STORY.contact_state(), STORY.order(1))
    await service.apply(
        [
            tombstone_of(CUSTOMER_STATE, str(STORY.customer), 2),
            tombstone_of(CONTACT_STATE, str(STORY.contact), 2),
        ]
    )

    view = await _view(service)

    assert (view["header"], view["people"], view["orders"]["count"]) == (None, [], 1)


async def test_the_end_of_a_customer_that_nobody_knew_makes_no_profile(
    service: Customer360,
) -> None:
    await service.apply([tombstone_of(CUSTOMER_STATE, str(STORY.customer), 2)])

    assert await service.pool.fetchval("SELECT count(*) FROM profiles") == 0


async def test_a_broken_record_parks_its_key_alone(service: Customer360) -> None:
    other = Story("bob")
    broken = record_of(STORY.order(1), value=b'{"order_id": 7}')
    await service.apply([broken, record_of(other.order(1)), record_of(STORY.order(2))])

    assert (await _view(service, other.customer))["orders"]["count"] == 1
    assert (await _view(service))["orders"]["count"] == 1
    parked = await service.pool.fetch("SELECT reason FROM parked_events")
    assert [row["reason"] for row in parked] == ["undecodable-body"]


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/customers/{STORY.customer}",
        f"/v1/customers/{STORY.customer}/timeline",
        f"/v1/customers/{STORY.customer}/stream",
        "/v1/customers?q=ada",
        "/v1/profiles",
    ],
)
async def test_without_a_token_nothing_is_shown(service: Customer360, path: str) -> None:
    anonymous = httpx.AsyncClient(transport=httpx.ASGITransport(service.app), base_url="http://360")
    async with anonymous:
        response = await anonymous.get(path)

    assert response.status_code == 401
    assert JWT_KEY not in response.text


async def test_the_page_holds_no_data_and_runs_only_its_own_scripts(service: Customer360) -> None:
    page = await service.client.get("/", headers={"Authorization": ""})
    script = await service.client.get("/static/page.js", headers={"Authorization": ""})
    missing = await service.client.get("/static/app.py")

    assert (page.status_code, script.status_code, missing.status_code) == (200, 200, 404)
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "<style" not in page.text
