"""The service's database, its real app and sender on it, and endpoints that they send to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from shared.auth import Role, issue_token
from shared.contracts.contacts import CustomerOwnerChanged
from shared.db import Pool, open_pool
from shared.ids import new_id
from shared.messaging.consuming import apply
from shared.messaging.envelope import RawRecord
from webhooks.app import create_app, sender_of
from webhooks.sending import Sender

from tests.conftest import DatabaseFactory
from tests.integration.webhooks.endpoint import Endpoint, listening
from tests.integration.webhooks.waiting import until
from tests.records import record_of

JWT_KEY = "a key that is long enough for a test of HS256"
SEAL_KEY = "a key that seals the secrets of a test"
CONSUMER = "webhooks.events"


@pytest.fixture
async def url(database: DatabaseFactory) -> str:
    return await database("webhooks")


@pytest.fixture
async def pool(url: str) -> AsyncIterator[Pool]:
    pool = await open_pool(url)
    yield pool
    await pool.close()


@pytest.fixture
def environment(url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the service finds: local endpoints are allowed, without TLS."""
    values = {
        "WEBHOOKS_DATABASE_URL": url,
        "RAPPORT_JWT_KEY": JWT_KEY,
        "WEBHOOKS_SEAL_KEY": SEAL_KEY,
        "WEBHOOKS_ALLOWED_NETWORKS": "127.0.0.0/8",
        "WEBHOOKS_HTTP_ALLOWED": "true",
        "WEBHOOKS_TIMEOUT_SECONDS": "5",
        "KAFKA_BOOTSTRAP_SERVERS": "nowhere:9092",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


@pytest.fixture
def app(environment: dict[str, str], pool: Pool) -> FastAPI:
    """The app without its background: each test hands records in itself."""
    del environment
    app = create_app()
    app.state.pool = pool
    return app


@dataclass
class Caller:
    http: httpx.AsyncClient
    headers: dict[str, str] = field(default_factory=dict)

    async def call(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> httpx.Response:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return await self.http.request(method, path, json=body, headers={**self.headers, **named})

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.http.get(path, params=params, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None, **headers: str) -> Any:
        answer = await self.call("POST", path, body, **headers)
        assert answer.is_success, answer.text
        return answer.json()

    async def subscribe(self, endpoint: Endpoint, *types: str, **more: Any) -> Any:
        """A subscription to these types, or to everything."""
        body = {"url": endpoint.url, "types": types or ["*"], **more}
        return await self.post("/v1/subscriptions", body)

    async def deliveries(self, subscription: Any, **params: Any) -> list[Any]:
        """The log, oldest first."""
        path = f"/v1/subscriptions/{subscription['subscription_id']}/deliveries"
        page = await self.get(path, **{"limit": 200, **params})
        return list(reversed(page["items"]))


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://webhooks") as client:
        yield client


@pytest.fixture
def caller(http: httpx.AsyncClient) -> Callable[..., Caller]:
    def make(role: Role, subject: str = "anna") -> Caller:
        token = issue_token(JWT_KEY, subject, [role])
        return Caller(http, {"Authorization": f"Bearer {token}"})

    return make


@pytest.fixture
def erp(caller: Callable[..., Caller]) -> Caller:
    return caller("integration", "erp")


@pytest.fixture
def feed(app: FastAPI, pool: Pool) -> Callable[..., Awaitable[None]]:
    """Give records to the consumer, as one batch."""

    async def give(*records: RawRecord) -> None:
        await apply(pool, app.state.consumers[CONSUMER], records)

    return give


async def settled(erp: Caller, subscription: Any, status: str, count: int) -> list[Any]:
    """The deliveries of a subscription, as soon as so many have this status."""

    async def enough() -> list[Any]:
        found = await erp.deliveries(subscription, status=status)
        return found if len(found) >= count else []

    return list(await until(enough))


async def failed(erp: Caller, subscription: Any, attempts: int = 1) -> Any:
    """The first delivery, as soon as it was tried so often."""

    async def tried() -> Any:
        first = (await erp.deliveries(subscription))[0]
        return first if first["attempts"] >= attempts else None

    return await until(tried)


def change(customer_id: UUID, version: int = 1) -> RawRecord:
    """The fact that a customer has another owner."""
    event = CustomerOwnerChanged(
        customer_id=customer_id, to_owner_id=f"owner-{version}", reason_code="test"
    )
    return record_of(event, version)


@pytest.fixture
def customer_id() -> UUID:
    return new_id()


@contextlib.asynccontextmanager
async def running(sender: Sender, pool: Pool) -> AsyncIterator[asyncio.Task[bool]]:
    """The sender's job for the length of the block; where it fails, so does the test."""
    task = asyncio.create_task(sender.send(pool))
    try:
        yield task
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def sender(app: FastAPI) -> Sender:
    return sender_of(app.state.settings, app.state.seal)


@pytest.fixture
async def sending(sender: Sender, pool: Pool) -> AsyncIterator[None]:
    async with running(sender, pool):
        yield


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with listening() as made:
        yield made


@pytest.fixture
async def other_endpoint() -> AsyncIterator[Endpoint]:
    async with listening() as made:
        yield made


@pytest.fixture
def hurry(pool: Pool) -> Callable[[], Awaitable[None]]:
    """Let the time pass that deliveries and endpoints wait for."""

    async def pass_time() -> None:
        await pool.execute(
            "UPDATE deliveries SET due_at = now() WHERE status = 'waiting' AND NOT is_leased"
        )
        await pool.execute("UPDATE endpoint_health SET hold_until = NULL")

    return pass_time
