"""Who changed what: asked of contacts, the real one, with the token of whoever looks."""

from typing import Any
from uuid import uuid4

import httpx
from customer_360.histories.asking import Contacts
from fastapi import FastAPI

from tests.integration.customer_360.conftest import Customer360, asking


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
