"""A process that is killed in the middle of the work costs time, and nothing else."""

import os
import signal
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from devstack.demo.orders import publish_orders
from devstack.demo.purchases import SYSTEM, Purchase
from devstack.demo.story.cast import Cast
from devstack.stack import Stack
from shared.settings import KafkaSettings

from tests.flows.view import assert_view_is_true

ORDERS = 3000


def _kill(system: Stack, name: str) -> None:
    os.kill(system.supervisor.processes()[name].pid, signal.SIGKILL)


def _purchases(ref: str) -> list[Purchase]:
    first_day = datetime(1997, 1, 1, tzinfo=UTC)
    return [
        Purchase(f"KILL-{ref}-{n}", ref, first_day + timedelta(minutes=n), 1, Decimal("0.01"))
        for n in range(ORDERS)
    ]


@pytest.mark.parametrize("name", ["contacts", "pipeline", "customer-360", "kafka", "postgres"])
async def test_a_killed_process_loses_and_doubles_nothing(
    name: str, cast: Cast, kafka: KafkaSettings, system: Stack
) -> None:
    ref = uuid.uuid4().hex[:10]
    customer = {
        "kind": "individual",
        "display_name": "Survivor",
        "external_ids": [{"system": SYSTEM, "id": ref}],
    }
    created = await cast.sales.post("contacts", "/v1/customers", customer, key=ref)
    purchases = _purchases(ref)
    await publish_orders(kafka, purchases[: ORDERS // 2], lambda _more: None)
    _kill(system, name)
    await publish_orders(kafka, purchases[ORDERS // 2 :], lambda _more: None)
    system.await_ready([name])
    view = await assert_view_is_true(cast, created["customer_id"])
    assert view["orders"]["count"] == ORDERS
    assert Decimal(view["orders"]["revenue"]["USD"]) == Decimal("30.00")
