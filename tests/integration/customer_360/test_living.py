"""Households and partners in the view: by name, as they change, and after people have gone."""

from typing import Any
from uuid import UUID

from shared.contracts import contacts

from tests.integration.customer_360.conftest import Customer360
from tests.unit.customer_360.histories.ids import an_id
from tests.unit.customer_360.histories.story import Story

ADA, BOB = Story("ada"), Story("bob")


async def _view(service: Customer360, story: Story = ADA) -> Any:
    return await service.get(f"/v1/customers/{story.customer}")


async def test_who_lives_together_is_shown_to_the_customers_of_each(service: Customer360) -> None:
    for story in (ADA, BOB):
        await service.happens(story.customer_state(), story.contact_state())
    assert (await _view(service))["households"] == []
    before = (await _view(service, BOB))["profile_version"]
    await service.happens(ADA.household("founded", BOB.contact))
    for story in (ADA, BOB):
        [home] = (await _view(service, story))["households"]
        shown = [(each["name"], each["is_head"]) for each in home["members"]]
        assert shown == [("Ada Lovelace", True), ("Bob Lovelace", False)]
    assert (await _view(service, BOB))["profile_version"] > before
    await service.happens(ADA.household("member-removed"))
    assert (await _view(service, BOB))["households"] == []
    await service.happens(ADA.household("dissolved"))
    assert (await _view(service))["households"] == []
    timeline = await service.get(f"/v1/customers/{ADA.customer}/timeline")
    assert "The household was dissolved" in [each["title"] for each in timeline["items"]]


async def test_a_partner_is_shown_with_its_reps(service: Customer360) -> None:
    await service.happens(ADA.customer_state(), ADA.contact_state(), ADA.partner_onboarded())
    [partner] = (await _view(service))["partners"]
    assert (partner["status"], partner["tier"], partner["reps"]) == ("prospective", "silver", [])
    await service.happens(ADA.partner_active(), ADA.rep_registered(), ADA.rep_certified())
    await service.happens(ADA.rep_certified("more", 90))
    [partner] = (await _view(service))["partners"]
    [rep] = partner["reps"]
    assert (partner["status"], partner["reason_code"]) == ("active", "signed")
    assert (rep["name"], rep["role"], rep["status"]) == ("Ada Lovelace", "sales", "certified")
    assert [each["course_id"] for each in rep["certificates"]] == ["basic", "more"]
    assert rep["certified_until"] == rep["certificates"][1]["valid_until"]
    await service.happens(ADA.rep_expired())
    assert (await _view(service))["partners"][0]["reps"][0]["status"] == "expired"
    await service.happens(ADA.rep_removed())
    [partner] = (await _view(service))["partners"]
    assert (partner["reps"], partner["version"]) == ([], 7)
    timeline = await service.get(f"/v1/customers/{ADA.customer}/timeline")
    titles = [each["title"] for each in timeline["items"]]
    assert "A rep passed basic with 87.5 points" in titles


async def test_a_member_and_a_partner_who_were_merged_are_shown_where_they_are_now(
    service: Customer360,
) -> None:
    for story in (ADA, BOB):
        await service.happens(story.customer_state(), story.contact_state())
    await service.happens(ADA.household(), ADA.partner_onboarded())
    gone = ADA.contact_state(record_status="merged", merged_into=BOB.contact, memberships=())
    told = contacts.HouseholdChanged(
        household_id=ADA.home,
        member_contact_ids=(BOB.contact,),
        head_contact_id=BOB.contact,
        action="member-replaced",
        contact_id=BOB.contact,
    )
    moved = contacts.PartnerRepointed(
        partner_id=ADA.partnership,
        customer_id=BOB.customer,
        from_id=ADA.customer,
        to_id=BOB.customer,
    )
    await service.happens(gone, told, moved)
    assert (await _view(service))["partners"] == []
    view = await _view(service, BOB)
    assert [each["partner_id"] for each in view["partners"]] == [str(ADA.partnership)]
    [home] = view["households"]
    seen = [(each["contact_id"], each["is_head"]) for each in home["members"]]
    assert seen == [(str(BOB.contact), True)]
    lines = (await service.get(f"/v1/customers/{BOB.customer}/timeline"))["items"]
    titles = {each["title"] for each in lines}
    assert {"Has another's place in a household", "Partner goes with its merged record"} <= titles


async def test_a_version_of_either_can_be_waited_for(service: Customer360) -> None:
    await service.happens(ADA.customer_state(), ADA.contact_state())
    await service.happens(ADA.household(), ADA.partner_onboarded())
    ids: tuple[UUID, ...] = (ADA.home, ADA.partnership)
    seen = [f"{each}:1" for each in ids]
    path = f"/v1/customers/{ADA.customer}"
    assert not (await service.get(path, min_version=seen))["stale"]
    missing = f"{an_id('nowhere')}:1"
    assert (await service.get(path, min_version=[missing]))["stale"]
