"""Parked records for their operators: over HTTP and by command, one by one and many at once."""

import asyncio
import json
from uuid import UUID

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner
from shared.cli import main
from shared.contracts.contacts import CUSTOMER_EVENTS
from shared.db import Pool
from shared.ids import new_id

from tests.integration.event_path.conftest import owner_changed, until
from tests.integration.event_path.shelves import (
    KEY,
    bearer,
    is_ready,
)
from tests.records import record_of


async def test_parked_records_are_listed_shown_redriven_and_discarded_over_http(
    client: httpx.AsyncClient, producer: AIOKafkaProducer, refused: set[str], pool: Pool
) -> None:
    refused.add("bob")
    await until(lambda: is_ready(client))
    first, second = new_id(), new_id()
    for customer_id in (first, second):
        await send(producer, customer_id, "bob")
    mine = {str(first), str(second)}
    await until(lambda: are_parked(pool, mine))
    listed = await client.get("/v1/parked", params={"limit": 1}, headers=bearer("admin"))
    assert len(listed.json()["items"]) == 1
    by_key = await parked_ids(pool)

    shown = await client.get(f"/v1/parked/{by_key[str(first)]}", headers=bearer("admin"))
    assert json.loads(shown.json()["body"])["to_owner_id"] == "bob"
    again = await client.post(f"/v1/parked/{by_key[str(first)]}/redrive", headers=bearer("admin"))
    assert (again.json()["applied"], again.json()["reason"]) == (0, "handler-refused")
    refused.clear()
    done = await client.post(f"/v1/parked/{by_key[str(first)]}/redrive", headers=bearer("admin"))
    assert done.json() == {"applied": 1, "remaining": 0, "failed": None, "reason": None}
    gone = await client.post(
        f"/v1/parked/{by_key[str(second)]}/discard",
        json={"reason": "a test"},
        headers=bearer("admin"),
    )
    assert gone.json()["key"] == str(second)
    gone = await client.get(f"/v1/parked/{by_key[str(second)]}", headers=bearer("admin"))
    assert gone.status_code == 404
    nobody = await client.get("/v1/parked", headers=bearer("sales"))
    assert nobody.status_code == 403


async def test_parked_records_are_listed_and_discarded_by_command(
    client: httpx.AsyncClient,
    producer: AIOKafkaProducer,
    refused: set[str],
    pool: Pool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused.add("bob")
    await until(lambda: is_ready(client))
    customer_id = new_id()
    await send(producer, customer_id, "bob")
    await until(lambda: are_parked(pool, {str(customer_id)}))
    monkeypatch.setenv("RAPPORT_JWT_KEY", KEY)
    monkeypatch.setenv("CONTACTS_URL", str(client.base_url))
    monkeypatch.setenv("COLUMNS", "300")
    listed = await command("list")
    assert str(customer_id) in listed
    parked_id = (await parked_ids(pool))[str(customer_id)]
    assert "owner-changed" in await command("show", parked_id)
    assert "failed again" in await command("redrive", parked_id)
    assert "discarded" in await command("discard", parked_id, "--reason", "a test")
    assert str(customer_id) not in await command("list")


async def test_many_parked_records_are_cleared_at_once(
    client: httpx.AsyncClient,
    producer: AIOKafkaProducer,
    refused: set[str],
    pool: Pool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By consumer, topic and reason; what waits behind is kept, and everything is counted first.

    The topic has what other tests put there; nobody else refuses rob.
    """
    refused.add("rob")
    await until(lambda: is_ready(client))
    customers = [new_id() for _ in range(205)]
    for customer_id in customers:
        await send(producer, customer_id, "rob")
    await send(producer, customers[0], "anna")
    await until(lambda: are_parked(pool, {str(customer_id) for customer_id in customers}))
    await until(lambda: behind(pool, customers[0]))
    monkeypatch.setenv("RAPPORT_JWT_KEY", KEY)
    monkeypatch.setenv("CONTACTS_URL", str(client.base_url))
    consumer = str(await pool.fetchval("SELECT DISTINCT consumer FROM parked_events"))
    mine = ("--consumer", consumer, "--parked-for", "handler-refused")

    counted = await client.get("/v1/parked/summary", headers=bearer("admin"))
    groups = {g["reason"]: (g["records"], g["keys"]) for g in counted.json()["items"]}
    assert groups["handler-refused"] == (205, 205)
    assert groups["behind-parked"] == (1, 1)
    assert "behind-parked" in await command("summary")
    assert "Discard these 205 records" in await command("discard-all", *mine, "--reason", "no")
    assert await waiting(pool, customers) == 206, "nobody said yes"
    assert "nothing of that kind" in await command(
        "discard-all", *mine, "--topic", "elsewhere", "--reason", "no", "--yes"
    )
    assert "keys that still fail 205" in await command("redrive-all", *mine, "--yes")
    await pool.execute(
        "UPDATE parked_events SET reason = 'handler-failed' WHERE key = $1", str(customers[1])
    )
    assert "discarded 204" in await command("discard-all", *mine, "--reason", "gone", "--yes")
    assert await waiting(pool, customers) == 2
    gone = "SELECT count(*) FROM discarded_events WHERE discarded_for = 'gone'"
    assert await pool.fetchval(gone) == 204
    refused.clear()
    for reason in ("handler-failed", "behind-parked"):
        assert "applied 1, keys that still fail 0" in await command(
            "redrive-all", "--consumer", consumer, "--parked-for", reason, "--yes"
        )
    keys = "SELECT count(*) FROM parked_keys WHERE key = ANY($1)"
    assert await pool.fetchval(keys, [str(customer_id) for customer_id in customers]) == 0
    nobody = {"consumer": "contacts.nobody", "reason": "x"}
    answer = await client.post("/v1/parked/discard", json=nobody, headers=bearer("admin"))
    assert answer.status_code == 404


async def waiting(pool: Pool, customers: list[UUID]) -> int:
    keys = [str(customer_id) for customer_id in customers]
    return int(await pool.fetchval("SELECT count(*) FROM parked_events WHERE key = ANY($1)", keys))


async def behind(pool: Pool, customer_id: UUID) -> bool:
    reasons = await pool.fetch("SELECT reason FROM parked_events WHERE key = $1", str(customer_id))
    return "behind-parked" in {row["reason"] for row in reasons}


async def command(*arguments: str) -> str:
    run = await asyncio.to_thread(
        CliRunner().invoke, main, ["parked", "--service", "contacts", *arguments]
    )
    return run.output


async def are_parked(pool: Pool, wanted: set[str]) -> bool:
    return wanted <= set(await parked_ids(pool))


async def parked_ids(pool: Pool) -> dict[str, str]:
    rows = await pool.fetch("SELECT key, parked_id::text FROM parked_events")
    return {row["key"]: row["parked_id"] for row in rows}


async def send(producer: AIOKafkaProducer, customer_id: UUID, owner: str) -> None:
    record = record_of(owner_changed(customer_id, owner))
    await producer.send_and_wait(
        CUSTOMER_EVENTS.name, key=record.key, value=record.value, headers=list(record.headers)
    )
