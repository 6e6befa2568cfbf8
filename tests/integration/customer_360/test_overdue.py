"""Invoices that are overdue: in the view, in the timeline, as an alert that is published too."""

from typing import Any

from customer_360.profiles.publishing import publish_due
from shared.db import transaction

from tests.integration.customer_360.conftest import Customer360
from tests.integration.customer_360.test_commitments import alerts_of, view_of
from tests.unit.customer_360.histories.ids import an_id
from tests.unit.customer_360.histories.story import Story
from tests.unit.customer_360.histories.times import at

ADA = Story("ada")
ORDER = str(an_id("order-3", "ada"))


async def published(service: Customer360) -> list[str]:
    """The alerts of the newest state that was published."""
    async with transaction(service.pool) as connection:
        await publish_due(connection, 0)
    listed: Any = await service.get("/v1/profiles", external_system="erp")
    [profile] = listed["items"]
    alerts: list[str] = profile["alerts"]
    return alerts


async def test_what_is_not_paid_in_time_is_told_until_it_is_paid(service: Customer360) -> None:
    order, invoiced, first, second, paid = ADA.paid_late()
    await service.happens(ADA.customer_state(), order, invoiced)
    assert alerts_of(await view_of(service)) == []

    await service.happens(first, second)
    view = await view_of(service)
    [alert] = view["alerts"]
    assert (alert["code"], alert["severity"], alert["refs"]) == (
        "payment-overdue",
        "medium",
        [ORDER],
    )
    assert alert["since"] == at(30 + 14 * 24).isoformat().replace("+00:00", "Z")
    [shown] = view["orders"]["recent"]
    assert (shown["overdue_level"], shown["due_at"]) == (2, alert["since"])
    lines = (await service.get(f"/v1/customers/{ADA.customer}/timeline"))["items"]
    assert {line["title"] for line in lines if line["kind"] == "order.payment-overdue"} == {
        "Order ada-3 not paid: 29.33 USD, due 2026-03-17 (level 1)",
        "Order ada-3 not paid: 29.33 USD, due 2026-03-17 (level 2)",
    }
    assert await published(service) == ["payment-overdue"]

    await service.happens(paid)
    assert alerts_of(await view_of(service)) == []
    assert await published(service) == []
