"""Open privacy requests in the view of the customer, and of the customer of the person."""

from datetime import UTC, datetime
from uuid import UUID

from shared.contracts import contacts
from shared.contracts.privacy import ANSWERING

from tests.integration.customer_360.conftest import Customer360
from tests.unit.customer_360.histories.story import Story

ADA, BOB = Story("ada"), Story("bob")
DUE = datetime(2026, 11, 22, 9, tzinfo=UTC)


async def test_the_view_shows_what_is_open_of_its_people_and_nothing_of_others(
    service: Customer360,
) -> None:
    for story in (ADA, BOB):
        await service.happens(story.customer_state(), story.contact_state())
    export = contacts.ExportRequested(
        request_id=UUID(int=41),
        contact_id=ADA.contact,
        contact_ids=(ADA.contact,),
        required_acks=ANSWERING,
        target_at=DUE,
        deadline_at=DUE,
    )
    restriction = contacts.ProcessingRestricted(
        request_id=UUID(int=42), contact_id=ADA.contact, scope="all"
    )
    before = (await service.get(f"/v1/customers/{ADA.customer}"))["profile_version"]
    await service.happens(export)
    await service.happens(restriction)
    view = await service.get(f"/v1/customers/{ADA.customer}")
    shown = {each["kind"]: each for each in view["privacy"]["open"]}
    assert shown.keys() == {"export", "restriction"}
    assert shown["export"]["contact_ids"] == [str(ADA.contact)]
    assert datetime.fromisoformat(shown["export"]["deadline_at"]) == DUE
    assert view["profile_version"] > before
    assert (await service.get(f"/v1/customers/{BOB.customer}"))["privacy"]["open"] == []
