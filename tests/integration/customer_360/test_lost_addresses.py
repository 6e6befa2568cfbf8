"""Whose address reaches them no longer: the owner is asked for a new one until it comes."""

from typing import Any

from shared.contracts import contacts

from tests.integration.customer_360.conftest import Customer360
from tests.unit.customer_360.histories.ids import an_id
from tests.unit.customer_360.histories.story import Story
from tests.unit.customer_360.histories.times import at

ADA, BOB = Story("ada"), Story("bob")


def points(story: Story, *, email: contacts.PointStatus) -> tuple[contacts.ContactPoint, ...]:
    mail, phone = story.contact_state().points
    return mail.model_copy(update={"status": email}), phone


async def alerts_of(service: Customer360, story: Story) -> list[dict[str, Any]]:
    view = await service.get(f"/v1/customers/{story.customer}")
    found: list[dict[str, Any]] = view["alerts"]
    return found


async def test_a_lost_address_is_asked_for_until_another_of_its_kind_comes(
    service: Customer360,
) -> None:
    await service.happens(ADA.customer_state(), ADA.contact_state())
    assert await alerts_of(service, ADA) == []
    lost = points(ADA, email="invalid")
    await service.happens(ADA.contact_state(points=lost))
    [alert] = await alerts_of(service, ADA)
    assert (alert["code"], alert["refs"]) == ("address-lost", [str(ADA.point)])
    new = lost[0].model_copy(update={"point_id": an_id("new"), "status": "active"})
    await service.happens(ADA.contact_state(points=(*lost, new)))
    assert await alerts_of(service, ADA) == []


async def test_an_address_that_was_put_away_or_whose_person_left_is_asked_for_by_nobody(
    service: Customer360,
) -> None:
    await service.happens(ADA.customer_state(), BOB.customer_state())
    await service.happens(ADA.contact_state(points=points(ADA, email="retired")))
    left = BOB.contact_state().memberships[0].model_copy(update={"until": at(1)})
    await service.happens(
        BOB.contact_state(points=points(BOB, email="invalid"), memberships=(left,))
    )
    assert await alerts_of(service, ADA) == []
    assert await alerts_of(service, BOB) == []
