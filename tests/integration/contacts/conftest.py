"""The real app on a real database; Kafka only where a test runs the whole service."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import httpx
import pytest
from contacts.app import create_app
from contacts.import_helper import run_imports
from contacts.points import PointRules
from shared.auth import issue_token
from shared.contracts.privacy import ANSWERING
from shared.db import Pool, open_pool

from tests.databases import Databases
from tests.documented import Documented

JWT_KEY = "a-key-for-tests-that-is-long-enough"
HASH_KEY = "a-hash-key-for-tests"
RULES = PointRules(HASH_KEY)


@dataclass
class Api:
    """The HTTP door, with a token of the wanted roles; refuses only as its document says."""

    client: httpx.AsyncClient
    documented: Documented

    async def call(
        self,
        method: str,
        path: str,
        *,
        roles: Sequence[str] = ("admin",),
        subject: str = "tester",
        **request: Any,
    ) -> httpx.Response:
        token = issue_token(JWT_KEY, subject, roles)
        headers = {"authorization": f"Bearer {token}", **request.pop("headers", {})}
        answer = await self.client.request(method, path, headers=headers, **request)
        self.documented.check(answer)
        return answer

    async def post(self, path: str, body: Any = None, **request: Any) -> httpx.Response:
        return await self.call("POST", path, json=body if body is not None else {}, **request)

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.call("GET", path, params=params)

    async def create_customer(self, **fields: Any) -> dict[str, Any]:
        body = {"kind": "individual", "display_name": "Ada Lovelace", **fields}
        return await self._created("/v1/customers", body)

    async def create_contact(self, **fields: Any) -> dict[str, Any]:
        return await self._created("/v1/contacts", {"given_name": "Ada", **fields})

    async def _created(self, path: str, body: Any) -> dict[str, Any]:
        answer = await self.post(path, body)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created


@dataclass
class Outbox:
    """What is about to be published."""

    pool: Pool

    async def types(self, key: object = None) -> list[str]:
        """The short names of the facts, in order, of one aggregate or of all."""
        rows = await self.rows(key)
        return [_short(row["headers"]) for row in rows]

    async def rows(self, key: object = None) -> list[Any]:
        return await self.pool.fetch(
            "SELECT headers, payload, version, topic FROM outbox"
            " WHERE $1::text IS NULL OR key = $1 ORDER BY id",
            str(key) if key is not None else None,
        )

    async def clear(self) -> None:
        """As the relay does when all is published."""
        await self.pool.execute("DELETE FROM outbox")


def _short(headers: str) -> str:
    wire_name = headers.split('"ce_type": "')[1].split('"', maxsplit=1)[0]
    return wire_name.removeprefix("crm.contacts.").removesuffix(".v1")


@pytest.fixture(scope="session")
async def contacts_url(databases: Databases) -> AsyncIterator[str]:
    url = await databases.take("contacts")
    yield url
    await databases.give_back(url)


@pytest.fixture(scope="session")
async def contacts_pool(contacts_url: str) -> AsyncIterator[Pool]:
    pool = await open_pool(contacts_url)
    yield pool
    await pool.close()


@pytest.fixture
async def pool(contacts_pool: Pool) -> AsyncIterator[Pool]:
    """One database for all, emptied after each test: faster than one for each."""
    yield contacts_pool
    tables = await contacts_pool.fetchval(
        "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables"
        " WHERE schemaname = 'public' AND tablename NOT IN"
        " ('schema_migrations', 'privacy_policies', 'retention_rules', 'grade_policies',"
        " 'credit_policies', 'credit_caps', 'dormancy_policies',"
        " 'preference_policies')"
    )
    await contacts_pool.execute(
        f"TRUNCATE {tables}; DELETE FROM grade_policies WHERE policy_version > 1;"
        " DELETE FROM dormancy_policies WHERE policy_version > 1"
    )


@pytest.fixture
def outbox(pool: Pool) -> Outbox:
    return Outbox(pool)


@cache
def documented() -> Documented:
    """Read once: it takes longer than most tests."""
    return Documented(create_app().openapi())


@pytest.fixture
async def api(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    monkeypatch.setenv("CONTACTS_DATABASE_URL", "postgresql:///unused")
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "unused:9092")
    monkeypatch.setenv("RAPPORT_JWT_KEY", JWT_KEY)
    monkeypatch.setenv("RAPPORT_HASH_KEY", HASH_KEY)
    for service in ANSWERING:
        monkeypatch.setenv(f"{service.upper().replace('-', '_')}_URL", f"http://{service}")
    app = create_app()
    app.state.pool = pool
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://contacts") as client:
        yield Api(client, documented())


@pytest.fixture
def run_all_imports(pool: Pool) -> Any:
    async def run() -> None:
        await run_imports(pool, RULES)

    return run


async def lifecycle_of(pool: Pool, customer_id: UUID | str) -> str | None:
    lifecycle: str | None = await pool.fetchval(
        "SELECT lifecycle FROM customers WHERE customer_id = $1", UUID(str(customer_id))
    )
    return lifecycle
