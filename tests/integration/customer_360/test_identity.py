"""Open duplicates, postal addresses and key dates in the view."""

from typing import Any
from uuid import UUID

from shared.contracts import contacts

from tests.integration.customer_360.conftest import Customer360
from tests.unit.customer_360.histories.story import Story
from tests.unit.customer_360.histories.times import START

ADA, BOB = Story("ada"), Story("bob")
CASE = UUID(int=77)


def detected(entity_type: str, *pair: UUID) -> contacts.DuplicateDetected:
    return contacts.DuplicateDetected(
        case_id=CASE,
        entity_type=entity_type,
        candidate_ids=tuple(sorted(pair)),
        score=0.93,
        matched_on=("email", "family_name"),
        suggested_survivor_id=pair[0],
        policy_version=1,
        found_by="scan",
        detected_at=START,
    )


async def _identity(service: Customer360, story: Story) -> tuple[Any, list[str]]:
    view = await service.get(f"/v1/customers/{story.customer}")
    return view["identity"]["duplicates"], [alert["code"] for alert in view["alerts"]]


async def test_an_open_case_of_people_is_shown_with_the_customers_of_both(
    service: Customer360,
) -> None:
    for story in (ADA, BOB):
        await service.happens(story.customer_state(), story.contact_state())
    await service.happens(detected("contact", ADA.contact, BOB.contact))
    for here, there in ((ADA, BOB), (BOB, ADA)):
        [shown], alerts = await _identity(service, here)
        assert shown["record_ids"] == [str(here.contact)]
        assert shown["other_ids"] == [str(there.contact)]
        assert (shown["score"], shown["matched_on"]) == ("0.93", ["email", "family_name"])
        assert alerts == ["duplicate-suspected"]
    dismissed = contacts.DuplicateDismissed(
        case_id=CASE,
        entity_type="contact",
        candidate_ids=tuple(sorted((ADA.contact, BOB.contact))),
        reason_code="twins",
        decided_by="user:anna",
        dismissed_at=START,
    )
    await service.happens(dismissed)
    assert await _identity(service, ADA) == ([], [])


async def test_a_case_of_customers_raises_both_profiles(service: Customer360) -> None:
    for story in (ADA, BOB):
        await service.happens(story.customer_state())
    before = (await service.get(f"/v1/customers/{BOB.customer}"))["profile_version"]
    await service.happens(detected("customer", ADA.customer, BOB.customer))
    after = await service.get(f"/v1/customers/{BOB.customer}")
    assert after["profile_version"] > before
    assert after["identity"]["duplicates"][0]["other_ids"] == [str(ADA.customer)]
    merged = contacts.DuplicateMerged(
        case_id=CASE,
        entity_type="customer",
        candidate_ids=tuple(sorted((ADA.customer, BOB.customer))),
        survivor_id=ADA.customer,
        is_automatic=False,
        decided_by="user:anna",
        merged_at=START,
    )
    await service.happens(merged)
    assert await _identity(service, ADA) == ([], [])


async def test_a_person_is_shown_with_address_and_days(service: Customer360) -> None:
    post = contacts.PostalPoint(
        point_id=UUID(int=9), lines=("12 High St.",), locality="Leeds", normalized="12 high street"
    )
    day = contacts.KeyDate(kind="birthday", month_day="04-12")
    await service.happens(
        ADA.customer_state(), ADA.contact_state(postal_points=(post,), key_dates=(day,))
    )
    [person] = (await service.get(f"/v1/customers/{ADA.customer}"))["people"]
    assert person["postal_points"][0]["lines"] == ["12 High St."]
    assert person["key_dates"] == [{"kind": "birthday", "month_day": "04-12", "year": None}]
