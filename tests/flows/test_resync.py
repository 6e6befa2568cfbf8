"""A resync in the whole system: it changes nothing for whoever has all, whatever dies meanwhile."""

import asyncio
import os
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from click.testing import CliRunner
from devstack.demo.doors import Caller, eventually
from devstack.demo.orders import publish_orders
from devstack.demo.purchases import SYSTEM, Purchase
from devstack.demo.story.cast import Cast
from devstack.demo.story.play import play, timeline
from devstack.stack import Stack
from shared.cli import main
from shared.contracts import TOPICS
from shared.messaging.following import partitions_of
from shared.settings import KafkaSettings

from tests.flows.steps import open_deal
from tests.flows.view import assert_view_is_true, read_all

AGGREGATES = {
    "contacts": ["customer", "contact"],
    "pipeline": ["lead", "deal", "order"],
    "service-desk": ["ticket"],
    "campaigns": ["campaign", "form"],
    "customer-360": ["profile"],
}


async def _records(kafka: KafkaSettings) -> list[Any]:
    """Every record of every topic."""
    partitions = partitions_of(TOPICS)
    consumer = AIOKafkaConsumer(**kafka.client_options(), auto_offset_reset="earliest")
    consumer.assign(partitions)
    await consumer.start()
    try:
        ends = await consumer.end_offsets(partitions)
        found: list[Any] = []
        while any([await consumer.position(p) < end for p, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found += records
        return found
    finally:
        await consumer.stop()


def _headers(record: Any) -> dict[str, str]:
    return {name: value.decode() for name, value in record.headers}


async def _ended(integration: Caller, service: str, resync_id: str) -> Any:
    async def look() -> Any:
        resync = await integration.get(service, f"/v1/resync/{resync_id}")
        return resync if resync["status"] == "completed" else None

    return await eventually(look, f"resync {resync_id} of {service} is complete", 120)


async def test_a_resync_of_everything_changes_nothing(cast: Cast, kafka: KafkaSettings) -> None:
    story = await play(cast)
    view = await assert_view_is_true(cast, story.customer_id)
    reader = cast.doors.caller("reader", "reader")
    told = await timeline(reader, story.customer_id)
    before = Counter(record.topic for record in await _records(kafka))
    integration = cast.doors.caller("erp", "integration")
    asked = {
        service: await integration.post(
            service, "/v1/resync", {"aggregates": aggregates, "facts_per_second": 5000}
        )
        for service, aggregates in AGGREGATES.items()
    }
    ended = {
        service: await _ended(integration, service, resync["resync_id"])
        for service, resync in asked.items()
    }
    await cast.rest()
    assert await timeline(reader, story.customer_id) == told
    again = await assert_view_is_true(cast, story.customer_id)
    for section in ("header", "people", "deals", "orders", "service", "campaigns"):
        assert again[section] == view[section], section
    records = await _records(kafka)
    new = Counter(record.topic for record in records)
    new.subtract(before)
    ids = {resync["resync_id"] for resync in asked.values()}
    marked = [r for r in records if _headers(r).get("ce_resyncid") in ids]
    grown = {topic for topic, count in new.items() if count}
    assert grown == {record.topic for record in marked} | {
        f"crm.{service}.resync.events.v1" for service in AGGREGATES
    }
    for service, resync in ended.items():
        published = Counter(
            TOPICS[r.topic].aggregate for r in marked if TOPICS[r.topic].publisher == service
        )
        assert published == resync["published"]
        assert set(AGGREGATES[service]) - {"order"} <= set(published)
    _assert_as_before(records)


def _assert_as_before(records: list[Any]) -> None:
    """Each marked snapshot of what services own says what its version has said before."""
    seen: dict[tuple[str, bytes, str], bytes] = {}
    for record in records:
        headers = _headers(record)
        key = record.topic, record.key, headers["ce_aggregateversion"]
        if "ce_resyncid" in headers:
            # Only a profile's figures go on without a fact: then its version is a new one.
            assert key in seen or ".profile." in record.topic, key
            assert seen.get(key, record.value) == record.value, key
        else:
            seen[key] = record.value


async def test_a_resync_by_time_from_the_shell_finds_what_has_changed(
    cast: Cast, kafka: KafkaSettings, system: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = await cast.sales.post(
        "contacts", "/v1/customers", {"kind": "organization", "display_name": "Shell"}
    )
    deal_id = await open_deal(cast, customer["customer_id"], "Shell")
    await cast.rest()
    for name, value in system.settings.values.items():
        monkeypatch.setenv(name, value)
    since = (datetime.now(UTC) - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S%z")
    arguments = ["resync", "--service", "pipeline", "--aggregate", "deal", "--changed-since", since]
    result = await asyncio.to_thread(CliRunner().invoke, main, arguments)
    assert result.exit_code == 0, result.output
    assert "completed: published" in result.output
    resync_id = result.output.split()[1]
    await cast.rest()
    keys = [
        record.key.decode()
        for record in await _records(kafka)
        if _headers(record).get("ce_resyncid") == resync_id
    ]
    assert deal_id in keys
    assert len(keys) == len(set(keys))


async def test_a_resync_goes_on_after_kill_9(
    cast: Cast, kafka: KafkaSettings, system: Stack
) -> None:
    integration = cast.doors.caller("erp", "integration")
    ref = f"kill-{time.time_ns()}"
    customer = {
        "kind": "individual",
        "display_name": "Survivor",
        "external_ids": [{"system": SYSTEM, "id": ref}],
    }
    survivor = await cast.sales.post("contacts", "/v1/customers", customer)
    at = datetime(1997, 5, 1, tzinfo=UTC)
    purchases = [Purchase(f"{ref}-{n}", ref, at, 1, Decimal(1)) for n in range(400)]
    await publish_orders(kafka, purchases, lambda _more: None)
    await cast.rest()
    mine = {"customer_id": survivor["customer_id"]}
    orders = await read_all(integration, "pipeline", "/v1/orders", **mine)
    assert len(orders) == len(purchases)
    ids = [order["order_id"] for order in orders]
    body = {"aggregates": ["order"], "ids": ids, "facts_per_second": 25}
    resync = await integration.post("pipeline", "/v1/resync", body)
    path = f"/v1/resync/{resync['resync_id']}"
    for _ in range(2):
        done = (await integration.get("pipeline", path))["published"].get("order", 0)

        async def has_moved(than: int = done) -> bool:
            found = await integration.get("pipeline", path)
            return bool(found["published"].get("order", 0) > than)

        await eventually(has_moved, "the resync moves")
        os.kill(system.supervisor.processes()["pipeline"].pid, signal.SIGKILL)
        system.await_ready(["pipeline"])
    ended = await _ended(integration, "pipeline", resync["resync_id"])
    await cast.rest()
    marked = [
        (record.key, _headers(record)["ce_id"])
        for record in await _records(kafka)
        if _headers(record).get("ce_resyncid") == resync["resync_id"]
    ]
    assert len({key for key, _ in marked}) == ended["published"]["order"] == len(ids)
    assert len(set(marked)) == len({key for key, _ in marked})
