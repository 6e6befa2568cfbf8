"""People over HTTP, on the real database."""

import json
from typing import Any
from uuid import uuid4

import pytest

EMAIL = {"type": "email", "value": " Ada@Example.org"}


async def test_a_person_is_created_with_points_and_memberships(api: Any, outbox: Any) -> None:
    firm = await api.create_customer(region="GB")
    await outbox.clear()
    created = await api.create_contact(
        points=[EMAIL, {"type": "mobile", "value": "020 7946 0018"}],
        memberships=[{"customer_id": firm["customer_id"], "role": "buyer"}],
    )

    assert [point["normalized"] for point in created["points"]] == [
        "+442079460018",
        "ada@example.org",
    ]
    assert created["version"] == 4
    rows = await outbox.rows()
    assert await outbox.types() == [
        "contact.created",
        "contact.point-added",
        "contact.point-added",
        "contact.membership-changed",
        "contact.state",
    ]
    assert not any("example.org" in row["payload"] for row in rows[:-1])
    assert json.loads(rows[-1]["payload"])["points"][1]["normalized"] == "ada@example.org"
    read = await api.get(f"/v1/contacts/{created['contact_id']}")
    assert read.json() == {**created, "household_id": None}, (
        "in the order in which it was published, too"
    )


@pytest.mark.parametrize("wanted", [{"email": "ADA@example.org"}, {"phone": "+44 20 7946 0018"}])
async def test_a_person_is_found_by_any_spelling_of_a_point(api: Any, wanted: Any) -> None:
    created = await api.create_contact(points=[EMAIL, {"type": "phone", "value": "+442079460018"}])
    await api.create_contact(given_name="Bob")
    found = (await api.get("/v1/contacts", **wanted)).json()["items"]
    assert [each["contact_id"] for each in found] == [created["contact_id"]]
    assert (await api.get("/v1/contacts", email="no address")).json()["items"] == []


async def test_a_repeat_with_the_same_key_is_the_same_person(api: Any) -> None:
    headers = {"idempotency-key": "k"}
    body = {"given_name": "Ada", "points": [EMAIL]}
    first = await api.post("/v1/contacts", body, headers=headers)
    again = await api.post("/v1/contacts", body, headers=headers)
    assert again.json()["contact_id"] == first.json()["contact_id"]
    other = await api.post("/v1/contacts", {**body, "given_name": "Bob"}, headers=headers)
    assert other.status_code == 409


async def test_a_membership_is_ended_and_coming_back_is_a_new_one(api: Any, outbox: Any) -> None:
    firm = await api.create_customer()
    person = await api.create_contact()
    path = f"/v1/contacts/{person['contact_id']}/memberships/{firm['customer_id']}"
    await outbox.clear()
    await api.call("PUT", path, json={"role": "buyer"})
    await api.call("PUT", path, json={"role": "buyer"})
    await api.call("PUT", path, json={"role": "chief"})
    await api.post(f"{path}/end")
    await api.post(f"{path}/end")
    back = await api.call("PUT", path, json={"role": "adviser"})

    assert [each["role"] for each in back.json()["memberships"]] == ["chief", "adviser"]
    assert [each["until"] is None for each in back.json()["memberships"]] == [False, True]
    facts = [json.loads(row["payload"]) for row in await outbox.rows() if "events" in row["topic"]]
    assert [fact["action"] for fact in facts] == ["added", "role-changed", "ended", "added"]
    by_customer = await api.get("/v1/contacts", customer_id=firm["customer_id"])
    assert len(by_customer.json()["items"]) == 1


async def test_an_invalid_point_is_kept_as_such(api: Any) -> None:
    person = await api.create_contact(points=[EMAIL])
    point = person["points"][0]["point_id"]
    path = f"/v1/contacts/{person['contact_id']}/points"
    answer = await api.post(f"{path}/{point}/invalidate", {"reason_code": "hard-bounce"})
    assert answer.json()["points"][0]["status"] == "invalid"
    assert (await api.get("/v1/contacts", email="ada@example.org")).json()["items"] == []
    unknown = await api.post(f"{path}/{uuid4()}/invalidate", {"reason_code": "hard-bounce"})
    assert unknown.status_code == 404
    again = await api.post(path, EMAIL)
    assert (again.status_code, again.json()["points"][0]["status"]) == (201, "active")


async def test_fields_change_and_are_named(api: Any, outbox: Any) -> None:
    person = await api.create_contact(job_title="buyer")
    await outbox.clear()
    path = f"/v1/contacts/{person['contact_id']}"
    answer = await api.call("PATCH", path, json={"job_title": None, "given_name": "Ada"})
    assert (answer.json()["job_title"], answer.json()["version"]) == (None, 2)
    assert json.loads((await outbox.rows())[0]["payload"])["changed_fields"] == ["job_title"]
    told = await outbox.types()
    again = await api.call("PATCH", path, json={"job_title": None, "given_name": "Ada"})
    assert (again.status_code, again.json()["version"]) == (200, 2)
    assert await outbox.types() == told


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"points": [{"type": "email", "value": "no"}]}, 422),
        ({"points": [{"type": "phone", "value": "12"}]}, 422),
        ({"memberships": [{"customer_id": str(uuid4())}]}, 404),
        ({"timezone": "Nowhere"}, 422),
        ({"nickname": "x"}, 422),
    ],
)
async def test_what_cannot_be_is_refused(api: Any, body: Any, status: int) -> None:
    assert (await api.post("/v1/contacts", {"given_name": "A", **body})).status_code == status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/contacts"),
        ("PATCH", "/v1/contacts/{id}"),
        ("POST", "/v1/contacts/{id}/points"),
        ("POST", "/v1/contacts/{id}/points/{id}/invalidate"),
        ("PUT", "/v1/contacts/{id}/memberships/{id}"),
        ("POST", "/v1/contacts/{id}/memberships/{id}/end"),
        ("POST", "/v1/contacts/{id}/consents/grant"),
        ("POST", "/v1/contacts/{id}/consents/deny"),
        ("POST", "/v1/contacts/{id}/consents/withdraw"),
        ("POST", "/v1/suppressions"),
        ("POST", "/v1/suppressions/{id}/lift"),
    ],
)
async def test_writing_needs_a_token_and_a_role(api: Any, method: str, path: str) -> None:
    path = path.replace("{id}", str(uuid4()))
    assert (await api.client.request(method, path, json={})).status_code == 401
    assert (await api.call(method, path, json={}, roles=["reader"])).status_code == 403


async def test_an_archived_person_is_found_no_longer_unless_asked_for(api: Any) -> None:
    said = {"given_name": "Ada", "points": [{"type": "email", "value": "ada@example.org"}]}
    person = (await api.post("/v1/contacts", said)).json()
    path = f"/v1/contacts/{person['contact_id']}"
    answer = await api.post(f"{path}/archive", {"reason_code": "deceased"})
    assert (answer.status_code, answer.json()["record_status"]) == (200, "archived")
    assert (await api.get("/v1/contacts", email="ada@example.org")).json()["items"] == []
    asked = await api.get("/v1/contacts", email="ada@example.org", record_status="archived")
    assert [each["contact_id"] for each in asked.json()["items"]] == [person["contact_id"]]
    refused = await api.call("PATCH", path, json={"given_name": "Eve"})
    assert (refused.status_code, refused.json()["type"][-18:]) == (409, "record-is-archived")
    assert (await api.post(f"{path}/restore", {})).json()["record_status"] == "active"
