"""Who changed what: asked of contacts, the real one, with the token of whoever looks."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from contacts.app import create_app
from customer_360.histories.asking import Contacts
from fastapi import FastAPI
from shared.contracts.privacy import ANSWERING
from shared.db import open_pool

from tests.databases import Databases
from tests.integration.customer_360.conftest import JWT_KEY, Customer360, token
from tests.unit.customer_360.histories import HASH_KEY


@pytest.fixture
async def contacts(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FastAPI]:
    url = await databases.take("contacts")
    environment = {
        "CONTACTS_DATABASE_URL": url,
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "RAPPORT_JWT_KEY": JWT_KEY,
        "RAPPORT_HASH_KEY": HASH_KEY,
        **{f"{name.upper().replace('-', '_')}_URL": f"http://{name}" for name in ANSWERING},
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    app = create_app()
    app.state.pool = await open_pool(url)
    yield app
    await app.state.pool.close()
    await databases.give_back(url)


def asking(service: Customer360, app: FastAPI) -> httpx.AsyncClient:
    """The 360 asks this contacts; answers a client of it."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    service.app.state.contacts = Contacts("http://contacts", httpx.AsyncClient(transport=transport))
    headers = {"Authorization": f"Bearer {token()}"}
    return httpx.AsyncClient(transport=transport, base_url="http://contacts", headers=headers)


async def written(client: httpx.AsyncClient, method: str, path: str, body: Any) -> Any:
    answer = await client.request(method, path, json=body)
    assert answer.is_success, answer.text
    return answer.json()


async def test_who_changed_what_is_told_as_contacts_tells_it(
    service: Customer360, contacts: FastAPI
) -> None:
    client = asking(service, contacts)
    body = {"kind": "individual", "display_name": "Ada Lovelace", "source": "fair"}
    made = await written(client, "POST", "/v1/customers", body)
    path = f"/v1/customers/{made['customer_id']}"
    await written(client, "PATCH", path, {"display_name": "Ada King"})

    page = await service.get(f"{path}/history", limit=1)
    assert page["items"][0]["fields"]["display_name"] == {
        "before": "Ada Lovelace",
        "after": "Ada King",
    }
    assert page["items"][0]["actor"] == "user:tess"
    older = await service.get(f"{path}/history", limit=1, cursor=page["next"])
    assert (older["items"][0]["fields"], older["next"]) == ({}, None)


async def test_a_person_has_one_with_their_consents(
    service: Customer360, contacts: FastAPI
) -> None:
    client = asking(service, contacts)
    made = await written(client, "POST", "/v1/contacts", {"given_name": "Ada"})
    path = f"/v1/contacts/{made['contact_id']}"
    grant = {"channel": "post", "purpose": "service", "source": "form"}
    await written(client, "POST", f"{path}/consents/grant", grant)

    page = await service.get(f"{path}/history")

    assert [each["part"] for each in page["items"]] == ["consent:post:service", "contact"]


async def test_what_contacts_refuses_is_refused(service: Customer360, contacts: FastAPI) -> None:
    asking(service, contacts)
    answer = await service.client.get(f"/v1/customers/{uuid4()}/history")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:rapport:problem:customer-not-found"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_without_a_place_of_contacts_or_an_answer_it_says_so(service: Customer360) -> None:
    path = f"/v1/customers/{uuid4()}/history"
    service.app.state.contacts = Contacts(None)
    unknown = await service.client.get(path)
    service.app.state.contacts = Contacts("http://127.0.0.1:1")
    silent = await service.client.get(path)
    assert (unknown.status_code, silent.status_code) == (404, 503)
    assert unknown.json()["type"] == "urn:rapport:problem:contacts-unknown"
    assert silent.json()["type"] == "urn:rapport:problem:contacts-silent"


async def test_nobody_reads_it_without_a_token(service: Customer360) -> None:
    answer = await service.client.get(
        f"/v1/customers/{uuid4()}/history", headers={"Authorization": ""}
    )
    assert answer.status_code == 401
