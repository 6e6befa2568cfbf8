"""What every service answers: health, metrics, refusals as problems."""

from datetime import timedelta
from uuid import UUID

import httpx
import jwt
import pytest
from shared.auth import issue_token
from shared.ids import new_id

from tests.integration.event_path.conftest import until
from tests.integration.event_path.shelves import KEY, bearer, is_ready


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
