"""The service on real servers, and a desk of its own for what counts or waits."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from service_desk.app import create_app
from service_desk.defaults import publish_defaults
from shared.auth import issue_token
from shared.db import Pool, open_pool
from shared.settings import KafkaSettings

from tests.conftest import DatabaseFactory
from tests.databases import Databases

KEY = "a-key-of-the-tests-which-is-long-enough"

Json = dict[str, Any]


@dataclass(frozen=True)
class Door:
    """The HTTP door as one caller uses it."""

    client: httpx.AsyncClient
    roles: tuple[str, ...]

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        token = issue_token(KEY, "anna", self.roles)
        return await self.client.request(
            method,
            path,
            json=body,
            params=params,
            headers={"Authorization": f"Bearer {token}", **(headers or {})},
        )

    async def post(self, path: str, body: object = None, **headers: str) -> Json:
        answer = await self.call(
            "POST",
            path,
            {} if body is None else body,
            {k.replace("_", "-"): v for k, v in headers.items()},
        )
        assert answer.is_success, answer.text
        result: Json = answer.json()
        return result

    async def get(self, path: str, **params: str) -> Json:
        answer = await self.call("GET", path, params=params)
        assert answer.is_success, answer.text
        result: Json = answer.json()
        return result

    async def refused(self, path: str, body: object) -> tuple[int, str]:
        """Status and kind of the problem."""
        answer = await self.call("POST", path, body)
        return answer.status_code, answer.json()["type"].removeprefix("urn:rapport:problem:")

    def acting_as(self, *roles: str) -> "Door":
        return Door(self.client, roles)


@pytest.fixture(scope="session")
async def running(topics: KafkaSettings, databases: Databases) -> AsyncIterator[FastAPI]:
    """One service for all tests of the package that ask for it."""
    url = await databases.take("service_desk")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SERVICE_DESK_DATABASE_URL", url)
        environment.setenv("RAPPORT_JWT_KEY", KEY)
        environment.setenv("KAFKA_BOOTSTRAP_SERVERS", topics.bootstrap_servers)
        app = create_app()
    async with app.router.lifespan_context(app):
        yield app
    await databases.give_back(url)


@pytest.fixture
async def client(running: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=running, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        yield client


@pytest.fixture
def service(client: httpx.AsyncClient) -> Door:
    return Door(client, ("service",))


@pytest.fixture
def admin(client: httpx.AsyncClient) -> Door:
    return Door(client, ("admin",))


@pytest.fixture
async def pool(database: DatabaseFactory) -> AsyncIterator[Pool]:
    """A database of this test alone, with the desk's defaults and nothing running on it."""
    pool = await open_pool(await database("service_desk"))
    await publish_defaults(pool)
    yield pool
    await pool.close()


def ticket_in(**fields: object) -> Json:
    return {
        "customer_id": str(uuid4()),
        "channel": "phone",
        "ticket_type": "incident",
        "subject": "It is dark",
        "severity": 2,
        **fields,
    }


async def opened(door: Door, **fields: object) -> tuple[str, Json]:
    """A new ticket: its path and what was answered."""
    ticket = await door.post("/v1/tickets", ticket_in(**fields))
    return f"/v1/tickets/{ticket['ticket_id']}", ticket


def clock_of(ticket: Json, metric: str) -> Json:
    return next(clock for clock in ticket["clocks"] if clock["metric"] == metric)
