"""Forms: versions, and the open door that tells nothing."""

from typing import Any

import httpx
import pytest
from shared.contracts.campaigns import FormState, FormSubmitted, ResponseRecorded
from shared.db import Pool

from tests.integration.campaigns import scene
from tests.integration.campaigns.conftest import PUBLIC_URL

FORM = {
    "form_id": "contact",
    "kind": "contact-request",
    "title": "Ask us",
    "consents": [{"channel": "email", "purpose": "newsletter", "label": "Send me news"}],
    "product_interests": ["drills"],
}


async def door(client: httpx.AsyncClient, **changes: Any) -> str:
    made = await client.post("/v1/forms", json={**FORM, **changes})
    assert made.status_code == 201, made.text
    url: str = made.json()["submit_url"]
    return url.removeprefix(PUBLIC_URL)


async def test_a_submission_becomes_facts_and_a_response(
    pool: Pool, client: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    path = await door(client)
    body = {
        "email": " Bob@Example.com ",
        "given_name": "Bob",
        "company": "",
        "message": "Call me",
        "consents": [{"channel": "email", "purpose": "newsletter"}],
    }
    answer = await stranger.post(path, json=body)
    assert answer.status_code == 202
    assert set(answer.json()) == {"submission_id"}

    [submitted] = await scene.published(pool, FormSubmitted)
    [state] = await scene.published(pool, FormState)
    [response] = await scene.published(pool, ResponseRecorded)
    assert isinstance(submitted, FormSubmitted)
    assert isinstance(state, FormState)
    assert isinstance(response, ResponseRecorded)
    assert "Bob" not in submitted.model_dump_json()
    assert (state.email, state.given_name, state.company) == ("Bob@Example.com", "Bob", None)
    assert state.consents == submitted.consents
    assert (response.kind, response.follow_up_required, response.score_delta) == ("form", True, 30)
    assert str(response.submission_id) == answer.json()["submission_id"]


async def test_a_web_page_may_submit_too(
    pool: Pool, client: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    path = await door(client)
    answer = await stranger.post(
        path, data={"email": "bob@example.com", "consents": ["email:newsletter"]}
    )
    assert answer.status_code == 202
    [submitted] = await scene.published(pool, FormSubmitted)
    assert isinstance(submitted, FormSubmitted)
    assert [consent.purpose for consent in submitted.consents] == ["newsletter"]


async def test_the_same_key_submits_once(
    pool: Pool, client: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    path = await door(client)
    body, key = {"email": "bob@example.com"}, {"idempotency-key": "one"}
    answers = [await stranger.post(path, json=body, headers=key) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(await scene.published(pool, FormSubmitted)) == 1


async def test_a_robot_is_told_the_same_and_leaves_nothing(
    pool: Pool, client: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    path = await door(client)
    body = {"email": "bot@example.com", "homepage": "http://spam.example"}
    answer = await stranger.post(path, json=body)
    assert answer.status_code == 202
    assert set(answer.json()) == {"submission_id"}
    assert await scene.published(pool, FormSubmitted) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({}, "email"),
        (
            {"email": "a@b.de", "consents": [{"channel": "email", "purpose": "marketing"}]},
            "consents.0",
        ),
        ({"email": "a@b.de", "consents": [{"channel": "smoke", "purpose": "x"}]}, "consents.0"),
    ],
)
async def test_bad_input_is_refused_with_the_field_named(
    body: object, field: str, client: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    answer = await stranger.post(await door(client), json=body)
    assert answer.status_code == 422
    assert field in answer.text


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b"\xff", b"9" * 70_000])
async def test_what_is_no_submission_is_refused(
    content: bytes, client: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    answer = await stranger.post(
        await door(client), content=content, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422


async def test_a_forged_link_opens_nothing(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    path = await door(client)
    answer = await stranger.post(path[:-3] + "abc", json={"email": "a@b.de"})
    assert answer.status_code == 404


async def test_a_changed_form_is_a_new_version_and_the_old_link_still_works(
    pool: Pool, client: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    old = await door(client)
    assert await door(client) == old
    new = await door(client, title="Write to us", consents=[])
    assert new != old
    await stranger.post(old, json={"email": "a@b.de", "consents": FORM_CONSENT})
    refused = await stranger.post(new, json={"email": "a@b.de", "consents": FORM_CONSENT})
    assert refused.status_code == 422
    [submitted] = await scene.published(pool, FormSubmitted)
    assert isinstance(submitted, FormSubmitted)
    assert submitted.form_version == 1
    listed = (await client.get("/v1/forms")).json()["items"]
    assert [form["form_version"] for form in listed] == [2]


FORM_CONSENT = [{"channel": "email", "purpose": "newsletter"}]
