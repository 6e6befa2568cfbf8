"""The brief of a handover: there at once, whatever has moved yet."""

from datetime import timedelta
from typing import Any

import pytest
from shared.contracts.contacts import (
    CustomerOwnerChanged,
    HandoverCompleted,
    HandoverStarted,
    Membership,
)
from shared.contracts.pipeline import DealOwnerChanged

from tests.integration.customer_360.conftest import Customer360
from tests.unit.customer_360.histories.ids import an_id
from tests.unit.customer_360.histories.story import Story
from tests.unit.customer_360.histories.times import START

HANDOVER = an_id("handover")


def started(**fields: Any) -> HandoverStarted:
    said = {
        "handover_id": HANDOVER,
        "from_owner_id": "anna",
        "to_owner_id": "tim",
        "reason_code": "left",
        "due_at": START + timedelta(hours=1),
        "required_acks": (),
        **fields,
    }
    return HandoverStarted.model_validate(said)


async def brief(service: Customer360, **params: Any) -> Any:
    return await service.get(f"/v1/handovers/{HANDOVER}/brief", **params)


async def test_the_brief_tells_what_is_open_and_who_is_who(service: Customer360) -> None:
    ada = Story("ada")
    await service.happens(
        ada.customer_state(owner_id="anna"),
        ada.contact_state(),
        ada.deal_opened(),
        ada.ticket_opened(),
        started(),
    )
    told = await brief(service)
    assert (told["handover"]["status"], told["next"]) == ("waiting-acks", None)
    [customer] = told["items"]
    assert customer["customer_id"] == str(ada.customer)
    assert [deal["deal_id"] for deal in customer["deals"]] == [str(ada.deal)]
    assert [ticket["ticket_id"] for ticket in customer["tickets"]] == [str(ada.ticket)]
    assert [person["contact_id"] for person in customer["people"]] == [str(ada.contact)]
    titles = [event["title"] for event in customer["last_events"]]
    assert any(title.startswith("Ticket") for title in titles)
    assert any(title.startswith("Deal opened") for title in titles)


async def test_it_stays_when_everything_has_moved(service: Customer360) -> None:
    ada, bob = Story("ada"), Story("bob")
    await service.happens(
        ada.customer_state(owner_id="anna"),
        bob.customer_state(owner_id="otto"),
        bob.deal_opened(owner_id="anna"),
        started(),
    )
    before = [item["customer_id"] for item in (await brief(service))["items"]]
    assert before == sorted([str(ada.customer), str(bob.customer)])
    await service.happens(
        CustomerOwnerChanged(
            customer_id=ada.customer,
            from_owner_id="anna",
            to_owner_id="tim",
            reason_code="handover",
            handover_id=HANDOVER,
        ),
        ada.customer_state(owner_id="tim"),
        DealOwnerChanged(
            deal_id=bob.deal,
            customer_id=bob.customer,
            from_owner_id="anna",
            to_owner_id="tim",
            reason_code="handover",
            handover_id=HANDOVER,
        ),
        HandoverCompleted(
            handover_id=HANDOVER, from_owner_id="anna", to_owner_id="tim", status="completed"
        ),
    )
    told = await brief(service)
    assert told["handover"]["status"] == "completed"
    assert [item["customer_id"] for item in told["items"]] == before
    owners = {item["customer_id"]: item["owner_id"] for item in told["items"]}
    assert owners == {str(ada.customer): "tim", str(bob.customer): "otto"}


async def test_it_is_paged_by_customer(service: Customer360) -> None:
    stories = [Story(name) for name in ("ada", "bob", "eve")]
    await service.happens(*(one.customer_state(owner_id="anna") for one in stories), started())
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await brief(service, limit=1, **cursor)
        seen += [item["customer_id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == sorted(str(one.customer) for one in stories)


async def test_whoever_left_the_customer_is_not_in_it(service: Customer360) -> None:
    ada = Story("ada")
    over = Membership(customer_id=ada.customer, since=START, until=START + timedelta(days=1))
    await service.happens(
        ada.customer_state(owner_id="anna"), ada.contact_state(memberships=(over,)), started()
    )
    [customer] = (await brief(service))["items"]
    assert customer["people"] == []


@pytest.mark.parametrize("handover_id", [an_id("another")])
async def test_of_a_handover_that_nobody_started_there_is_none(
    service: Customer360, handover_id: object
) -> None:
    answer = await service.client.get(f"/v1/handovers/{handover_id}/brief")
    assert (answer.status_code, answer.json()["type"][-18:]) == (404, "handover-not-found")


async def test_a_merged_record_is_in_it_no_more(service: Customer360) -> None:
    ada, bob = Story("ada"), Story("bob")
    was = {"owner_id": "anna", "record_status": "merged", "merged_into": bob.customer}
    await service.happens(ada.customer_state(owner_id="anna"), bob.customer_state(owner_id="anna"))
    await service.happens(ada.customer_state(**was), started())
    assert [each["customer_id"] for each in (await brief(service))["items"]] == [str(bob.customer)]


async def handovers_of(service: Customer360, story: Story) -> list[Any]:
    found: list[Any] = (await service.get(f"/v1/customers/{story.customer}"))["handovers"]
    return found


async def test_the_view_names_the_handover_of_whoever_answers_for_the_customer(
    service: Customer360,
) -> None:
    ada, bob = Story("ada"), Story("bob")
    await service.happens(
        ada.customer_state(owner_id="anna"), bob.customer_state(owner_id="otto"), started()
    )
    [running] = await handovers_of(service, ada)
    assert (running["handover_id"], running["status"]) == (str(HANDOVER), "waiting-acks")
    assert await handovers_of(service, bob) == []
    await service.happens(bob.deal_opened(owner_id="anna"))
    assert len(await handovers_of(service, bob)) == 1


async def test_a_handover_that_is_over_stays_with_the_customers_that_it_moved(
    service: Customer360,
) -> None:
    ada, bob = Story("ada"), Story("bob")
    changed = CustomerOwnerChanged(
        customer_id=ada.customer,
        from_owner_id="anna",
        to_owner_id="tim",
        reason_code="handover",
        handover_id=HANDOVER,
    )
    over = HandoverCompleted(
        handover_id=HANDOVER, from_owner_id="anna", to_owner_id="tim", status="completed"
    )
    states = [ada.customer_state(owner_id="tim"), bob.customer_state(owner_id="anna")]
    await service.happens(*states, started(), changed, over)
    assert [each["status"] for each in await handovers_of(service, ada)] == ["completed"]
    assert await handovers_of(service, bob) == []
