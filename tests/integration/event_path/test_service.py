"""What every service answers: health, metrics, refusals as problems, parked records."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import httpx
import jwt
import pytest
import uvicorn
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner
from fastapi import APIRouter, Depends, FastAPI, Response
from pydantic import BaseModel, Field
from shared.auth import Caller, Reader, allow, issue_token
from shared.cli import main
from shared.contracts.contacts import CUSTOMER_EVENTS, CustomerOwnerChanged
from shared.db import Connection, Pool
from shared.errors import ConflictError
from shared.http.requests import IfMatch, NewId, RateLimit, Text, require_version, tag_version
from shared.ids import new_id
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer
from shared.service import Service, build_app
from shared.settings import KafkaSettings, ServiceSettings

from devstack import wait
from tests.integration.event_path.conftest import owner_changed, until
from tests.records import record_of

KEY = "a key that is long enough for a test of HS256"


class ShelfIsEmptyError(ConflictError):
    """The shelf is empty."""


class ShelfIn(BaseModel):
    name: Text
    size: int = Field(ge=1)


router = APIRouter(prefix="/v1/shelves")


@router.post("", status_code=201)
async def create_shelf(
    caller: Annotated[Caller, Depends(allow("sales"))], shelf_id: NewId, body: ShelfIn
) -> dict[str, str]:
    return {"shelf_id": str(shelf_id), "by": caller.cause.actor, "name": body.name}


@router.get("/{shelf_id}")
async def read_shelf(_: Reader, shelf_id: UUID) -> dict[str, str]:
    raise ShelfIsEmptyError(shelf_id=shelf_id)


@router.put("/{shelf_id}")
async def write_shelf(_: Reader, shelf_id: UUID, if_match: IfMatch, response: Response) -> str:
    require_version(3, if_match)
    tag_version(response, 4)
    return str(shelf_id)


@router.post("/{shelf_id}/break")
async def break_shelf(_: Reader, shelf_id: UUID) -> None:
    raise ZeroDivisionError(str(shelf_id))


@router.get("", dependencies=[Depends(RateLimit(per_minute=2))])
async def knock() -> str:
    return "who is there?"


def owners_of(refused: set[str]) -> Consumer:
    consumer = Consumer(f"contacts.service-{new_id()}")

    @consumer.on(CustomerOwnerChanged)
    async def on_owner_changed(_: Connection, received: Received[CustomerOwnerChanged]) -> None:
        if received.event.to_owner_id in refused:
            raise ShelfIsEmptyError

    return consumer


@pytest.fixture
def refused() -> set[str]:
    return set()


@pytest.fixture
def app(url: str, topics: KafkaSettings, refused: set[str]) -> FastAPI:
    settings = ServiceSettings(database_url=url, RAPPORT_JWT_KEY=KEY, kafka=topics)  # type: ignore[call-arg]
    return build_app(Service("contacts", "a test", [router], [owners_of(refused)]), settings)


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    """The app, served for real by a thread with a loop of its own."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        assert wait.until(lambda: server.started, seconds=15, every=0.05)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
async def client(address: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=address) as client:
        yield client


def bearer(*roles: str, subject: str = "anna") -> dict[str, str]:
    return {"Authorization": f"Bearer {issue_token(KEY, subject, roles)}"}


async def is_ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/health/ready")).status_code == 200


async def test_a_service_is_ready_once_its_consumers_have_partitions(
    client: httpx.AsyncClient,
) -> None:
    await until(lambda: is_ready(client))
    assert (await client.get("/health/live")).text == "live"


async def test_metrics_name_the_outbox_the_relay_and_the_consumers(
    client: httpx.AsyncClient,
) -> None:
    await until(lambda: is_ready(client))
    text = (await client.get("/metrics")).text
    for name in (
        'rapport_outbox_pending{service="contacts"}',
        'rapport_outbox_oldest_seconds{service="contacts"}',
        "rapport_relay_leader",
        "rapport_publish_errors_total",
        "rapport_consumer_seconds_behind",
        "rapport_consumer_last_progress_timestamp_seconds",
        "rapport_parked_keys",
        "rapport_http_request_seconds",
        "rapport_consumer_batch_seconds",
    ):
        assert name in text, name


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": f"Bearer {issue_token('k' * 40, 'eve', ['admin'])}"},
        {"Authorization": f"Bearer {issue_token(KEY, 'eve', ['admin'], timedelta(seconds=-1))}"},
        {"Authorization": f"Bearer {jwt.encode({'sub': 'eve', 'roles': ['admin']}, KEY)}"},
    ],
)
async def test_without_a_valid_token_nobody_comes_in(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.post("/v1/shelves", json={"name": "a", "size": 1}, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_role_that_may_not_is_told_which_may(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/shelves", json={}, headers=bearer("reader"))
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:rapport:problem:role-not-allowed"
    assert answer.json()["needed"] == ["admin", "sales"]


async def test_the_caller_becomes_the_actor(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/v1/shelves", json={"name": " a ", "size": 1}, headers=bearer("sales")
    )
    assert (answer.status_code, answer.json()["by"]) == (201, "user:anna")
    assert answer.json()["name"] == "a"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"size": 1}, "name"),
        ({"name": "a", "size": 0}, "size"),
        ({"name": "a\x00b", "size": 1}, "name"),
        ({"name": "  ", "size": 1}, "name"),
    ],
)
async def test_malformed_input_is_answered_with_the_field_that_is_wrong(
    client: httpx.AsyncClient, body: dict[str, object], field: str
) -> None:
    answer = await client.post("/v1/shelves", json=body, headers=bearer("sales"))
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_the_same_idempotency_key_of_the_same_caller_gives_the_same_id(
    client: httpx.AsyncClient,
) -> None:
    async def create(key: str, subject: str = "anna") -> str:
        answer = await client.post(
            "/v1/shelves",
            json={"name": "a", "size": 1},
            headers={**bearer("sales", subject=subject), "Idempotency-Key": key},
        )
        return str(answer.json()["shelf_id"])

    assert await create("k-1") == await create("k-1")
    assert await create("k-1") != await create("k-2")
    assert await create("k-1") != await create("k-1", subject="bert")


async def test_a_refusal_is_a_problem_with_a_code_and_ids(client: httpx.AsyncClient) -> None:
    shelf_id = str(new_id())
    answer = await client.get(f"/v1/shelves/{shelf_id}", headers=bearer("reader"))
    assert answer.status_code == 409
    assert answer.json() == {
        "type": "urn:rapport:problem:shelf-is-empty",
        "title": "The shelf is empty.",
        "status": 409,
        "shelf_id": shelf_id,
    }


@pytest.mark.parametrize(
    ("if_match", "status"), [('"3"', 200), ("*", 200), ('"2"', 412), ("seven", 422)]
)
async def test_a_version_that_has_changed_since_is_refused(
    client: httpx.AsyncClient, if_match: str, status: int
) -> None:
    answer = await client.put(
        f"/v1/shelves/{new_id()}", headers={**bearer("reader"), "If-Match": if_match}
    )
    assert answer.status_code == status
    assert answer.headers.get("etag") == ('"4"' if status == 200 else None)


async def test_a_bug_tells_nothing_of_the_inside(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"/v1/shelves/{new_id()}/break", headers=bearer("reader"))
    assert answer.status_code == 500
    assert "ZeroDivision" not in answer.text


async def test_strangers_are_slowed_down(client: httpx.AsyncClient) -> None:
    statuses = [(await client.get("/v1/shelves")).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


async def test_a_correlation_id_is_taken_on_or_made(client: httpx.AsyncClient) -> None:
    given = await client.get("/health/live", headers={"X-Correlation-Id": "order-4711"})
    made = await client.get("/health/live", headers={"X-Correlation-Id": "x" * 101})
    assert given.headers["x-correlation-id"] == "order-4711"
    assert UUID(made.headers["x-correlation-id"])


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
