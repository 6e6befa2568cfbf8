"""What a poison test does beside poisoning: sound customers and orders, and an operator's doors."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from shared.contracts.external import ERP_ORDERS, ErpOrderChanged
from shared.ids import new_id

from tests.faults.erp import event_of
from tests.faults.poison import PATIENCE
from tests.faults.poisoning import Dose, Poisoner, instead, sound_headers
from tests.faults.rig import Rig
from tests.faults.waiting import eventually
from tests.faults.world import Order

assert ERP_ORDERS.retention_days is not None
RETENTION_MS = ERP_ORDERS.retention_days * 86_400_000


async def make_customer(http: httpx.AsyncClient, rig: Rig, ref: str = "") -> str:
    body = {
        "kind": "organization",
        "display_name": f"Sound {ref}",
        "external_ids": [{"system": "erp", "id": ref}] if ref else [],
    }
    made = await _asked(http, f"{rig.process('contacts').url}/v1/customers", body)
    return str(made["customer_id"])


async def make_buyer(http: httpx.AsyncClient, poisoner: Poisoner, ref: str) -> str:
    """A customer whom pipeline knows by the ERP's name: an order of it need not wait."""
    customer_id = await make_customer(http, poisoner.rig, ref)

    async def is_known() -> Any:
        return await poisoner.databases["pipeline"].fetchval(
            "SELECT customer_id FROM customer_refs WHERE ref = $1", ref
        )

    await eventually(is_known, f"pipeline knows {ref}", PATIENCE)
    return customer_id


async def give_to(http: httpx.AsyncClient, rig: Rig, customer_id: str, owner: str) -> None:
    url = f"{rig.process('contacts').url}/v1/customers/{customer_id}/owner"
    await _asked(http, url, {"owner_id": owner, "reason_code": "test"})


async def _asked(http: httpx.AsyncClient, url: str, body: dict[str, Any]) -> Any:
    answer = await http.post(url, json=body, headers={"Idempotency-Key": str(new_id())})
    assert answer.is_success, answer.text
    return answer.json()


async def redrive(http: httpx.AsyncClient, rig: Rig, service: str, parked: Any) -> dict[str, Any]:
    url = f"{rig.process(service).url}/v1/parked/{parked['parked_id']}/redrive"
    redriven: dict[str, Any] = await _asked(http, url, {})
    return redriven


async def discard_all(http: httpx.AsyncClient, rig: Rig, consumer: str) -> int:
    """Give up whatever waits at a consumer, a portion at a time."""
    url = f"{rig.process(consumer.partition('.')[0]).url}/v1/parked/discard"
    total, remaining = 0, 1
    while remaining:
        done = await _asked(http, url, {"consumer": consumer, "reason": "poison"})
        total, remaining = total + done["discarded"], done["remaining"]
    return total


async def is_halted(http: httpx.AsyncClient, rig: Rig) -> bool:
    answer = await http.get(f"{rig.process('pipeline').url}/health/ready")
    return answer.status_code == 503 and "pipeline.orders halted: too many parked keys" in (
        answer.text
    )


async def discarded(poisoner: Poisoner) -> int:
    count: int = await poisoner.databases["pipeline"].fetchval(
        "SELECT count(*) FROM discarded_events WHERE consumer = 'pipeline.orders'"
    )
    return count


async def await_queue(poisoner: Poisoner, consumer: str, key: str, length: int) -> Any:
    async def look() -> Any:
        queue = await poisoner.queue(consumer, key)
        return queue if len(queue) >= length else None

    return await eventually(look, f"{length} wait on {key}", PATIENCE)


async def find_order(poisoner: Poisoner, order: Order, revision: int) -> Any:
    return await poisoner.databases["pipeline"].fetchrow(
        "SELECT total, version FROM orders WHERE external_ref = $1 AND revision = $2",
        order.number,
        revision,
    )


async def is_owned_by(poisoner: Poisoner, customer_id: str, owner: str) -> Any:
    """All the copies know this owner."""
    return all(row and row["owner_id"] == owner for row in await copies_of(poisoner, customer_id))


async def is_copied(poisoner: Poisoner, customer_id: str) -> Any:
    return (await copies_of(poisoner, customer_id))[0]


async def copies_of(poisoner: Poisoner, customer_id: str) -> list[Any]:
    """The rows of a customer in pipeline and in the 360."""
    return [
        await poisoner.databases[service].fetchrow(
            "SELECT * FROM customers WHERE customer_id = $1", customer_id
        )
        for service in ("pipeline", "customer-360")
    ]


@asynccontextmanager
async def larger_records(rig: Rig) -> AsyncGenerator[None]:
    """The ERP's topic takes records of 3 MB for a while."""
    usual = {"cleanup.policy": "delete", "retention.ms": str(RETENTION_MS)}
    admin = AIOKafkaAdminClient(**rig.kafka.client_options())
    await admin.start()

    async def configure(configs: dict[str, str]) -> None:
        resource = ConfigResource(ConfigResourceType.TOPIC, ERP_ORDERS.name, configs)
        await admin.alter_configs([resource])

    try:
        await configure({**usual, "max.message.bytes": "3000000"})
        yield
        await configure(usual)
    finally:
        await admin.close()


async def put_order(poisoner: Poisoner, order: Order, *, key: bytes | None, size: int = 0) -> Dose:
    """An order from a producer whose ids are no UUIDs; padded with a field that nobody knows."""
    body = event_of(order, "confirmed").model_dump_json()
    value = f'{body[:-1]}, "padding": "{"x" * max(0, size - len(body))}"}}'.encode()
    headers = sound_headers(ErpOrderChanged, order.number, order.revision)
    headers = instead(headers, "ce_id", f"{order.number}/{order.revision}".encode())
    return await poisoner.put(ERP_ORDERS.name, key, value, headers)
