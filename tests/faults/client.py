"""The client: sends commands at a given pace, and repeats what is unknown until it is known."""

import asyncio
import itertools
import json
import re
import time
from collections.abc import Callable, Collection
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
MERGED = "record-is-merged"
"""Why a command is refused that names a record which is another one by now."""

UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

OVERTAKEN = ("commitment-is-due-in-the-past", "head-is-no-member")
"""A promise that waited for its turn, or for a server to come back, until its time had come; a head
who was merged, or moved out with that, since they moved in."""

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

    async def lead_on(
        self, name: str, path: str, body: Json, *, promises: Promises, method: str = "POST"
    ) -> Json | None:
        """The same to a customer by whatever id: the answer names the one that it is by now."""
        command = self._begin(name, path, body)
        answer = await self._send(command, method, path, promises, json=body)
        if answer and answer["customer_id"] not in path:
            command.merged_into = answer["customer_id"]
        return answer

    async def decide(
        self, name: str, path: str, body: Json, *, promises: Promises, refusals: Collection[str]
    ) -> Json | None:
        """The same of a command that may be refused for these reasons and for no other."""
        command = self._begin(name, path, body)
        answer = await self._send(command, "POST", path, promises, json=body)
        if command.outcome == "refused" and command.reason not in refusals:
            raise LoadError(f"{name} was refused: {command.said}")
        return answer

    async def send(
        self, name: str, method: str, path: str, promises: Promises, **options: Any
    ) -> Json | None:
        """Send one command of any kind of body."""
        command = self._begin(name, path, options.get("json"))
        return await self._send(command, method, path, promises, **options)

    def _begin(self, name: str, path: str, body: Json) -> Command:
        command = self.history.begin(self.new_key(), name, path.partition("/")[0])
        command.named = frozenset(UUIDS.findall(f"{path} {json.dumps(body)}"))
        return command

    async def _send(
        self, command: Command, method: str, path: str, promises: Promises, **options: Any
    ) -> Json | None:
        service, _, rest = path.partition("/")
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

        A deal or a ticket leaves the view when it is closed: its absence then tells nothing. Nor
        does its absence from the view of another customer, to which a merged one leads.
        """
        await self.pace.turn()
        params = {"min_version": f"{wanted[0]}:{wanted[1]}"}
        headers = {"Authorization": f"Bearer {self._token}"}
        url = f"{self.urls['customer-360']}/v1/customers/{customer_id}"
        try:
            answer = await self.http.get(url, params=params, headers=headers, follow_redirects=True)
        except httpx.TransportError:
            return
        if answer.is_success:
            view = answer.json()
            shown = version_in(view, wanted[0])
            is_there = view["customer_id"] == customer_id and is_always_shown
            asked = wanted if shown is not None or is_there else None
            version, stale = view["profile_version"], view["stale"]
            self.history.looks.append(
                Look(reader, view["customer_id"], version, asked, shown, stale)
            )

    async def where(self, path: str) -> str | None:
        """Whom a merged record leads to; None where it is still itself, or cannot be read now."""
        service, _, rest = path.partition("/")
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            answer = await self.http.get(f"{self.urls[service]}/{rest}", headers=headers)
        except httpx.TransportError:
            return None
        return answer.json()["merged_into"] if answer.is_redirect else None

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
    if answer.status_code not in REFUSALS and not _is_overtaken(answer.text):
        raise LoadError(f"{command.name} got {answer.status_code}: {answer.text[:500]}")
    command.outcome = "refused"
    command.reason = _reason(answer.text)
    if command.reason == MERGED:
        command.merged_into = answer.json()["merged_into"]
    return None


def _is_overtaken(problem: str) -> bool:
    return any(reason in problem for reason in OVERTAKEN)


def _reason(problem: str) -> str:
    """The code of problem details; of what is none, nothing."""
    found = re.search(r'"type":"urn:rapport:problem:([a-z0-9-]+)"', problem)
    return found[1] if found else ""


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
