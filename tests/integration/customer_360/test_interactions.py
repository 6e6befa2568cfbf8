"""Interactions in the view, in the timeline and in the brief."""

from uuid import UUID

from shared.contracts import contacts

from tests.integration.customer_360.conftest import Customer360
from tests.unit.customer_360.histories.ids import an_id
from tests.unit.customer_360.histories.story import Story
from tests.unit.customer_360.histories.times import at

ADA = Story("ada")


async def test_the_last_touch_of_any_department_is_in_the_view(service: Customer360) -> None:
    await service.happens(ADA.customer_state(), ADA.contact_state(), ADA.touch(1), ADA.touch(3))
    await service.happens(ADA.touch(2, customer_id=None, department="service"))
    seen = await service.get(f"/v1/customers/{ADA.customer}")
    assert seen["interactions"]["last_at"] == at(3).isoformat().replace("+00:00", "Z")
    assert [each["department"] for each in seen["interactions"]["recent"]] == [
        "sales",
        "service",
        "sales",
    ]
    lines = (await service.get(f"/v1/customers/{ADA.customer}/timeline"))["items"]
    assert [line["title"] for line in lines if line["kind"] == "interaction.recorded"] == [
        "Call, outbound, by phone"
    ] * 3


async def test_a_correction_replaces_what_was_told(service: Customer360) -> None:
    await service.happens(ADA.customer_state(), ADA.touch(), ADA.touch_corrected())
    [shown] = (await service.get(f"/v1/customers/{ADA.customer}"))["interactions"]["recent"]
    assert (shown["outcome"], shown["version"]) == ("reached", 2)


async def test_what_a_ticket_told_has_its_line_already(service: Customer360) -> None:
    await service.happens(ADA.customer_state(), ADA.touch(source="ticket", kind="ticket"))
    lines = (await service.get(f"/v1/customers/{ADA.customer}/timeline"))["items"]
    assert "interaction.recorded" not in {line["kind"] for line in lines}


async def test_the_brief_shows_the_last_ten(service: Customer360) -> None:
    started = contacts.HandoverStarted(
        handover_id=UUID(int=70),
        from_owner_id="anna",
        to_owner_id="tim",
        reason_code="left",
        due_at=at(99),
        required_acks=(),
    )
    await service.happens(ADA.customer_state(), started, *(ADA.touch(n) for n in range(1, 13)))
    brief = await service.get(f"/v1/handovers/{UUID(int=70)}/brief")
    [customer] = brief["items"]
    assert [each["interaction_id"] for each in customer["last_interactions"]] == [
        str(an_id(f"touch-{n}", "ada")) for n in range(12, 2, -1)
    ]


async def test_preferences_are_shown_until_the_person_is_erased(service: Customer360) -> None:
    await service.happens(ADA.customer_state(), ADA.contact_state())
    await service.happens(ADA.preference(), ADA.preference("evening"))
    [shown] = (await service.get(f"/v1/customers/{ADA.customer}"))["preferences"]
    assert (shown["key"], shown["value_code"]) == ("call-time", "evening")
    await service.pool.execute("DELETE FROM contacts")
    assert (await service.get(f"/v1/customers/{ADA.customer}"))["preferences"] == []
