"""Subscribers of strangers, run as docs/subscribe.md says, keep what the 360 knows."""

import signal
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from devstack.demo.doors import Json, eventually
from devstack.demo.story.cast import Cast
from shared.contracts.contacts import CUSTOMER_EVENTS
from shared.settings import KafkaSettings

from tests.flows import examples
from tests.flows.examples import Example
from tests.flows.steps import open_deal
from tests.redelivery import redeliver

PATIENCE = 120.0
AFTER_SIGTERM = {"Python": 0, "Node": 0, "Java": 128 + signal.SIGTERM}
"""A JVM ends so after its hooks have run, which close the consumer."""


@pytest.mark.parametrize("language", ["Python", "Node", "Java"])
async def test_a_subscriber_knows_what_the_360_knows(
    language: str, cast: Cast, kafka: KafkaSettings, folder: Path, environment: dict[str, str]
) -> None:
    lines = examples.commands(language)
    await examples.prepare(lines[:-1], folder, environment)
    before = [await _customer(cast, "early"), await _customer(cast, "won")]

    async with examples.running(lines, folder, environment) as example:
        await _knows(example, cast, before)
        await _hand_over(cast, before[0], "otto")
        await _win(cast, before[1])
        await redeliver(kafka, CUSTOMER_EVENTS.name, most=5)
        late = await _customer(cast, "late")
        await _knows(example, cast, [*before, late])
        _only_forward(example)
        await _commits(kafka, f"subscriber.example.{language.lower()}")
        assert await example.stop() == AFTER_SIGTERM[language]

    await _hand_over(cast, before[0], "berta")
    missed = await _customer(cast, "missed")
    async with examples.running(lines, folder, environment) as again:
        await _knows(again, cast, [*before, late, missed])
        _only_forward(again)
        assert await again.stop() == AFTER_SIGTERM[language]

    async with examples.running(lines, folder, environment) as hasty:
        await eventually(_has_begun(hasty), "the first of what it knows", PATIENCE)
        assert await hasty.stop() == AFTER_SIGTERM[language]


def _has_begun(example: Example):  # noqa: ANN202
    async def look() -> bool:
        return bool(example.lines)

    return look


async def _customer(cast: Cast, name: str) -> str:
    body = {"kind": "organization", "display_name": f"{name} Ltd", "owner_id": "anna"}
    return str((await cast.sales.post("contacts", "/v1/customers", body))["customer_id"])


async def _hand_over(cast: Cast, customer_id: str, owner: str) -> None:
    change = {"owner_id": owner, "reason_code": "reassigned"}
    await cast.sales.post("contacts", f"/v1/customers/{customer_id}/owner", change)


async def _win(cast: Cast, customer_id: str) -> None:
    deal_id = await open_deal(cast, customer_id, "Ten lamps")
    await cast.sales.post("pipeline", f"/v1/deals/{deal_id}/win")


async def _knows(example: Example, cast: Cast, customers: list[str]) -> None:
    """Wait until the subscriber tells of these customers what the 360 does, at rest."""
    await cast.rest()
    views = [await _view(cast, customer_id) for customer_id in customers]

    async def look() -> bool:
        assert example.process.returncode is None, "the example ended"
        told = [example.latest.get(customer_id, {}) for customer_id in customers]
        return [(one.get("lifecycle"), one.get("owner_id")) for one in told] == [
            (view["lifecycle"], view["owner_id"]) for view in views
        ]

    await eventually(look, f"{views} told by the example", PATIENCE)


async def _view(cast: Cast, customer_id: str) -> Json:
    reader = cast.doors.caller("reader", "reader")
    return (await reader.get("customer-360", f"/v1/customers/{customer_id}"))["header"]


def _only_forward(example: Example) -> None:
    """No customer went back to an older version, whatever was read twice."""
    seen: dict[str, int] = {}
    for line in example.lines:
        assert line["version"] > seen.get(line["customer_id"], 0), line
        seen[line["customer_id"]] = line["version"]


async def _commits(kafka: KafkaSettings, group: str) -> None:
    """What is told is committed a moment later."""

    async def look() -> bool:
        return await _committed(kafka, group) > 0

    await eventually(look, f"{group} commits", PATIENCE)


async def _committed(kafka: KafkaSettings, group: str) -> int:
    admin = AIOKafkaAdminClient(**kafka.client_options())
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(group)
    finally:
        await admin.close()
    mine = [
        place.offset
        for partition, place in offsets.items()
        if partition.topic == CUSTOMER_EVENTS.name
    ]
    return sum(max(0, offset) for offset in mine)
