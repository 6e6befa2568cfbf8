"""Promises in the view, in the timeline, as an alert and in the brief of a handover."""

from typing import Any
from uuid import UUID

from shared.contracts import contacts, pipeline

from tests.integration.customer_360.conftest import Customer360
from tests.unit.customer_360.histories.ids import an_id
from tests.unit.customer_360.histories.story import Story
from tests.unit.customer_360.histories.times import at

ADA, BOB = Story("ada"), Story("bob")
HANDOVER = an_id("handover", "ada")


def alerts_of(view: Any) -> list[tuple[str, list[str]]]:
    return [(alert["code"], alert["refs"]) for alert in view["alerts"]]


async def view_of(service: Customer360, story: Story = ADA) -> Any:
    return await service.get(f"/v1/customers/{story.customer}")


async def brief(service: Customer360) -> Any:
    return await service.get(f"/v1/handovers/{HANDOVER}/brief")


def started() -> contacts.HandoverStarted:
    return contacts.HandoverStarted(
        handover_id=HANDOVER,
        from_owner_id="anna",
        to_owner_id="tim",
        reason_code="left",
        due_at=at(99),
        required_acks=(),
    )


async def test_what_is_owed_comes_first_and_what_is_broken_is_told(service: Customer360) -> None:
    later = ADA.promise(
        commitment_id=an_id("later"), due_at=at(72), amount="180.00", currency="EUR"
    )
    await service.happens(ADA.customer_state(), later, ADA.promise(), ADA.promise_due_soon())
    section = (await view_of(service))["commitments"]
    assert [each["commitment_id"] for each in section["open"]] == [
        str(ADA.commitment),
        str(an_id("later")),
    ]
    assert [each["is_due_soon"] for each in section["open"]] == [True, False]
    assert (section["broken"], section["recent"]) == (0, [])
    assert alerts_of(await view_of(service)) == []

    await service.happens(ADA.promise_broken())
    view = await view_of(service)
    assert [each["status"] for each in view["commitments"]["open"]] == ["broken", "open"]
    assert view["commitments"]["broken"] == 1
    [alert] = view["alerts"]
    assert (alert["code"], alert["severity"], alert["refs"]) == (
        "commitment-broken",
        "high",
        [str(ADA.commitment)],
    )
    assert alert["since"] == at(48).isoformat().replace("+00:00", "Z")

    await service.happens(ADA.promise_kept())
    view = await view_of(service)
    assert (alerts_of(view), view["commitments"]["broken"]) == ([], 0)
    [kept] = view["commitments"]["recent"]
    assert (kept["status"], kept["broken_at"] is None) == ("fulfilled", False)
    lines = (await service.get(f"/v1/customers/{ADA.customer}/timeline"))["items"]
    assert {line["title"] for line in lines if line["kind"] == "commitment.made"} == {
        "anna promised: delivery, due 2026-03-05",
        "anna promised: delivery, due 2026-03-04",
    }


async def test_it_goes_with_its_customer_and_back(service: Customer360) -> None:
    def repointed(from_id: UUID, to_id: UUID) -> pipeline.CommitmentRepointed:
        return pipeline.CommitmentRepointed(
            commitment_id=ADA.commitment,
            customer_id=to_id,
            party="customer",
            from_id=from_id,
            to_id=to_id,
        )

    async def owed() -> list[int]:
        return [len((await view_of(service, who))["commitments"]["open"]) for who in (ADA, BOB)]

    await service.happens(ADA.customer_state(), BOB.customer_state(), ADA.promise())
    await service.happens(ADA.promise_broken(), repointed(ADA.customer, BOB.customer))
    assert await owed() == [0, 1]
    assert alerts_of(await view_of(service, BOB)) == [("commitment-broken", [str(ADA.commitment)])]
    await service.happens(repointed(BOB.customer, ADA.customer))
    assert await owed() == [1, 0]
    assert alerts_of(await view_of(service, BOB)) == []


async def test_the_brief_names_what_the_leaver_owed_whoever_owns_the_customer(
    service: Customer360,
) -> None:
    await service.happens(
        ADA.customer_state(owner_id="otto"),
        BOB.customer_state(owner_id="otto"),
        BOB.promise(owner_id="zoe"),
        ADA.promise(),
        ADA.promise_due_soon(),
        started(),
    )

    async def owed() -> list[tuple[str, str, str]]:
        [customer] = (await brief(service))["items"]
        assert customer["customer_id"] == str(ADA.customer)
        return [(one["owner_id"], one["status"], one["due_at"]) for one in customer["commitments"]]

    due = at(48).isoformat().replace("+00:00", "Z")
    assert await owed() == [("anna", "open", due)]
    await service.happens(ADA.promise_given(), ADA.promise_broken())
    assert await owed() == [("tim", "broken", due)]
    [customer] = (await brief(service))["items"]
    assert alerts_of(customer) == [("commitment-broken", [str(ADA.commitment)])]
    await service.happens(ADA.promise_kept())
    assert await owed() == []
