"""Every door but the public ones asks who comes, and what they may do."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from devstack.demo.doors import Doors, Json
from shared.auth import issue_token
from shared.contracts import SERVICES

PUBLIC = {
    ("get", "/health/live"),
    ("get", "/health/ready"),
    ("get", "/metrics"),
}
"""Open in every service, beside the API's own documentation."""

PUBLIC_OF = {
    "campaigns": {
        ("post", "/f/{token}"),
        ("get", "/c/{token}"),
        ("get", "/k/{token}"),
        ("post", "/k/{token}"),
        ("get", "/u/{token}"),
        ("post", "/u/{token}"),
    },
    "customer-360": {("get", "/")},
}
NO_ID = "00000000-0000-7000-8000-000000000000"
WRITES = {"post", "put", "patch", "delete"}


@dataclass(frozen=True)
class Operation:
    method: str
    path: str

    @property
    def url(self) -> str:
        return re.sub(r"\{[^}]*\}", NO_ID, self.path)


async def _operations(doors: Doors, service: str) -> AsyncIterator[Operation]:
    document = await doors.stranger().get(service, "/openapi.json")
    for path, methods in document["paths"].items():
        for method in methods:
            if (method, path) not in PUBLIC | PUBLIC_OF.get(service, set()):
                yield Operation(method, path)


async def _answer(doors: Doors, service: str, operation: Operation, token: str | None) -> Json:
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    body = {"json": {}} if operation.method in WRITES else {}
    return await doors.http.request(
        operation.method.upper(),
        doors.addresses.services[service] + operation.url,
        headers=bearer,
        **body,
    )


@pytest.mark.parametrize("service", SERVICES)
async def test_every_door_refuses_whoever_has_no_valid_token(doors: Doors, service: str) -> None:
    forged = issue_token("another key that nobody agreed upon", "mallory", ["admin"])
    count = 0
    async for operation in _operations(doors, service):
        for token in (None, "no.token.atall", forged):
            answer = await _answer(doors, service, operation, token)
            assert answer.status_code == 401, (operation, token)
            assert answer.headers["content-type"] == "application/problem+json"
        count += 1
    assert count >= 5


@pytest.mark.parametrize("service", SERVICES)
async def test_every_door_refuses_whoever_has_no_role(doors: Doors, service: str) -> None:
    nobody = issue_token(doors.jwt_key, "nobody", ["visitor"])
    async for operation in _operations(doors, service):
        answer = await _answer(doors, service, operation, nobody)
        assert answer.status_code == 403, operation


@pytest.mark.parametrize("service", SERVICES)
async def test_a_reader_may_write_nothing(doors: Doors, service: str) -> None:
    reader = doors.caller("reader", "reader").token
    async for operation in _operations(doors, service):
        if operation.method in WRITES:
            answer = await _answer(doors, service, operation, reader)
            assert answer.status_code == 403, operation


@pytest.mark.parametrize("service", SERVICES)
async def test_the_public_doors_answer_strangers(doors: Doors, service: str) -> None:
    for method, path in PUBLIC | PUBLIC_OF.get(service, set()):
        answer = await _answer(doors, service, Operation(method, path), None)
        assert answer.status_code not in {401, 403}, path
        assert answer.status_code < 500, path
