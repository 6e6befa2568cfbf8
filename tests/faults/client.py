"""The client: sends commands at a given pace, and repeats what is unknown until it is known."""

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from shared.auth import issue_token

from tests.faults.history import Command, History, Look, Promise

ROLES = ("sales", "service", "marketing", "integration", "reader", "admin")
PATIENCE = 120.0
TIMEOUT = 15.0
PAUSE = 0.2
SERVER_FAULT, BAD_REQUEST = 500, 422
REFUSALS = {404, 409, 412, 429}

TOO_LATE = "commitment-is-due-in-the-past"
"""A promise that waited for its turn, or for a server to come back, until its time had come."""

Json = Any
Promises = Callable[[Json, int | None], tuple[Promise, ...]]


class LoadError(Exception):
    """The load itself is wrong: a request that can never succeed, or one that stays unknown."""


@dataclass
class Pace:
    """So many commands a second, whatever the answers take; far behind, it starts afresh."""

    rate: float
    _next: float = 0.0

    async def turn(self) -> None:
        now = time.monotonic()
        self._next = max(self._next + 1 / self.rate, now - 1.0)
        if self._next > now:
            await asyncio.sleep(self._next - now)


@dataclass
class Client:
    """One person with every role, at all doors; strangers come from several addresses."""

    urls: dict[str, str]
    jwt_key: str
    history: History
    pace: Pace
    prefix: str
    http: httpx.AsyncClient
    strangers: list[httpx.AsyncClient]
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _token: str = ""

    def __post_init__(self) -> None:
        self._token = issue_token(self.jwt_key, "load", ROLES)

    def new_key(self) -> str:
        return f"{self.prefix}-{next(self._numbers)}"

    async def command(
        self, name: str, path: str, body: Json = None, *, promises: Promises, method: str = "POST"
    ) -> Json | None:
        """Send one command, as `service/path`; its answer, or None where it was refused."""
        return await self.send(name, method, path, promises, json=body if body is not None else {})

    async def send(
        self, name: str, method: str, path: str, promises: Promises, **options: Any
    ) -> Json | None:
        """Send one command of any kind of body."""
        service, _, rest = path.partition("/")
        command = self.history.begin(self.new_key(), name, service)
        headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": command.key}
        await self.pace.turn()
        url = f"{self.urls[service]}/{rest}"
        return await self._until_known(
            self.http, command, promises, method, url, headers=headers, **options
        )

    async def stranger(
        self, name: str, method: str, url: str, promises: Promises, **options: Any
    ) -> Json | None:
        """Send one command through a public door."""
        command = self.history.begin(self.new_key(), name, "campaigns")
        options["headers"] = {**options.get("headers", {}), "Idempotency-Key": command.key}
        await self.pace.turn()
        http = self.strangers[len(self.history.commands) % len(self.strangers)]
        return await self._until_known(http, command, promises, method, url, **options)

    async def _until_known(
        self,
        http: httpx.AsyncClient,
        command: Command,
        promises: Promises,
        *request: str,
        **options: Any,
    ) -> Json | None:
        deadline = time.monotonic() + PATIENCE
        while True:
            command.attempts += 1
            try:
                answer = await http.request(*request, **options)
            except httpx.TransportError as error:
                command.said = repr(error)
            else:
                command.status, command.said = answer.status_code, answer.text[:500]
                if answer.status_code < SERVER_FAULT:
                    return _known(command, answer, promises)
            command.outcome = "unknown"
            command.unknown += 1
            if time.monotonic() > deadline:
                raise LoadError(f"never known: {command}")
            await asyncio.sleep(PAUSE)

    async def look(
        self, reader: str, customer_id: str, wanted: tuple[str, int], *, is_always_shown: bool
    ) -> None:
        """Read the view once; what could not be read is no look.

        A deal or a ticket leaves the view when it is closed: its absence then tells nothing.
        """
        await self.pace.turn()
        params = {"min_version": f"{wanted[0]}:{wanted[1]}"}
        headers = {"Authorization": f"Bearer {self._token}"}
        url = f"{self.urls['customer-360']}/v1/customers/{customer_id}"
        try:
            answer = await self.http.get(url, params=params, headers=headers)
        except httpx.TransportError:
            return
        if answer.is_success:
            view = answer.json()
            shown = version_in(view, wanted[0])
            asked = wanted if shown is not None or is_always_shown else None
            self.history.looks.append(
                Look(reader, customer_id, view["profile_version"], asked, shown, view["stale"])
            )

    async def peek(self, path: str, **params: str) -> Json | None:
        """Read something for the load's own use; None where it cannot be read now."""
        service, _, rest = path.partition("/")
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            answer = await self.http.get(
                f"{self.urls[service]}/{rest}", params=params, headers=headers
            )
        except httpx.TransportError:
            return None
        return answer.json() if answer.is_success else None


def _known(command: Command, answer: httpx.Response, promises: Promises) -> Json | None:
    if answer.is_success or answer.is_redirect:
        command.outcome = "acknowledged"
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        body = answer.json() if is_json else {}
        tag = answer.headers.get("etag")
        command.promises = promises(body, int(tag.strip('"')) if tag else None)
        return body
    if answer.status_code not in REFUSALS and TOO_LATE not in answer.text:
        raise LoadError(f"{command.name} got {answer.status_code}: {answer.text[:500]}")
    command.outcome = "refused"
    return None


def version_in(view: Json, aggregate_id: str) -> int | None:
    """The version of an aggregate that a view of the 360 shows."""
    if view["customer_id"] == aggregate_id:
        return view["header"]["version"] if view["header"] else None
    shown = [
        *((person["contact_id"], person["version"]) for person in view["people"]),
        *((deal["deal_id"], deal["version"]) for deal in view["deals"]["open"]),
        *((ticket["ticket_id"], ticket["version"]) for ticket in view["service"]["open"]),
    ]
    return dict(shown).get(aggregate_id)
