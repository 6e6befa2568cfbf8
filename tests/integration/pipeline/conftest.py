"""Pipeline's database, its real app on it, and what its outbox holds."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pipeline.app import create_app
from pipeline.definitions.handlers import publish_standard_pipeline
from shared.auth import Role, issue_token
from shared.contracts import FACTS
from shared.contracts.topic import Event
from shared.db import Pool, open_pool
from shared.messaging.consuming import apply
from shared.messaging.envelope import RawRecord
from shared.messaging.reactions import Consumer

from tests.conftest import DatabaseFactory

JWT_KEY = "a key that is long enough for a test of HS256"
HASH_KEY = "a key of hashes for tests"
OWNER = "olga"


@pytest.fixture
async def url(database: DatabaseFactory) -> str:
    return await database("pipeline")


@pytest.fixture
async def pool(url: str) -> AsyncIterator[Pool]:
    pool = await open_pool(url)
    yield pool
    await pool.close()


@pytest.fixture
def app(url: str, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """The app without its background: each test hands records to the consumers itself."""
    monkeypatch.setenv("PIPELINE_DATABASE_URL", url)
    monkeypatch.setenv("RAPPORT_JWT_KEY", JWT_KEY)
    monkeypatch.setenv("RAPPORT_HASH_KEY", HASH_KEY)
    monkeypatch.setenv("PIPELINE_DEFAULT_OWNER", OWNER)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "nowhere:9092")
    app = create_app()
    app.state.pool = pool
    return app


@dataclass
class Caller:
    http: httpx.AsyncClient
    headers: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.http.get(path, params=params, headers=self.headers)

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return await self.http.post(path, json=body, headers={**self.headers, **named})


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://pipeline") as client:
        yield client


@pytest.fixture
def caller(http: httpx.AsyncClient) -> Callable[[Role], Caller]:
    def make(role: Role) -> Caller:
        token = issue_token(JWT_KEY, "anna", [role])
        return Caller(http, {"Authorization": f"Bearer {token}"})

    return make


@pytest.fixture
async def sales(caller: Callable[[Role], Caller], pool: Pool) -> Caller:
    await publish_standard_pipeline(pool)
    return caller("sales")


@pytest.fixture
def feed(app: FastAPI, pool: Pool) -> Callable[..., Awaitable[None]]:
    """Give records to one of the app's consumers, as one batch."""

    async def give(name: str, *records: RawRecord) -> None:
        consumer: Consumer = app.state.consumers[f"pipeline.{name}"]
        await apply(pool, consumer, records)

    return give


@dataclass
class Outbox:
    pool: Pool

    async def facts(self, *types: type[Event]) -> list[Event]:
        """What was published, in its order: of the types named, or else all but snapshots."""
        rows = await self.pool.fetch("SELECT headers, payload FROM outbox ORDER BY id")
        facts = [_fact(row["headers"], row["payload"]) for row in rows]
        if types:
            return [fact for fact in facts if isinstance(fact, types)]
        return [fact for fact in facts if fact.topic.cleanup == "delete"]

    async def headers(self, fact: type[Event]) -> Sequence[dict[str, str]]:
        rows = await self.pool.fetch("SELECT headers FROM outbox ORDER BY id")
        found: list[dict[str, str]] = [json.loads(row["headers"]) for row in rows]
        return [headers for headers in found if headers["ce_type"] == fact.type]

    async def versions(self, topic: str) -> list[int]:
        rows = await self.pool.fetch(
            "SELECT version FROM outbox WHERE topic = $1 ORDER BY id", topic
        )
        return [row["version"] for row in rows]


def _fact(headers: str, payload: str) -> Event:
    return FACTS[json.loads(headers)["ce_type"]].model_validate_json(payload)


@pytest.fixture
def outbox(pool: Pool) -> Outbox:
    return Outbox(pool)
