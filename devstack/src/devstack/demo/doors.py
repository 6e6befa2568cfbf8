"""The public doors: each service's HTTP API as a person with a role uses it, and the mail sink.

A call waits an outage out: a refused connection and 503 are tried again for a bounded time, with
the same Idempotency-Key, so that a process may die in the middle of any of them.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email import message_from_bytes, policy
from http import HTTPStatus
from typing import Any, TypeAlias, TypeVar
from uuid import uuid4

import httpx
from shared.auth import Role, issue_token

from devstack.demo.errors import DemoError, NeverError, RefusedError
from devstack.services import CORE

T = TypeVar("T")
Json: TypeAlias = Any
"""What a service answered; the demo looks into it as any client in any language would."""

OUTAGE_SECONDS = 90.0
PAUSE_SECONDS = 0.25
SHORTEST_LOOK, LONGEST_LOOK = 0.05, 0.4
_TRY_AGAIN = {429, 502, 503, 504}


@dataclass(frozen=True)
class Addresses:
    """Where the system is found."""

    services: Mapping[str, str]
    mail: str
    kafka: str

    @classmethod
    def of_environment(cls, values: Mapping[str, str]) -> "Addresses":
        """Read <SERVICE>_URL, MAIL_URL (or MAIL_PORT of this machine) and the Kafka servers."""
        try:
            services = {service.name: values[f"{service.variable}_URL"] for service in CORE}
            if "WEBHOOKS_URL" in values:
                services["webhooks"] = values["WEBHOOKS_URL"]
            mail = values.get("MAIL_URL") or f"http://127.0.0.1:{values['MAIL_PORT']}"
            return cls(services, mail, values["KAFKA_BOOTSTRAP_SERVERS"])
        except KeyError as missing:
            raise DemoError(f"{missing} is not known: is the system up? (make up)") from missing


@dataclass(frozen=True)
class Doors:
    """All doors of one system."""

    http: httpx.AsyncClient
    addresses: Addresses
    jwt_key: str

    def caller(self, subject: str, *roles: Role) -> "Caller":
        """Somebody with these roles."""
        return Caller(self, issue_token(self.jwt_key, subject, roles))

    def stranger(self) -> "Caller":
        """Somebody without a token."""
        return Caller(self, None)

    async def mails_to(self, address: str) -> list[Json]:
        """What the mail sink received for an address, oldest first: subject, headers, text."""
        listed = await self.request("GET", f"{self.addresses.mail}/api/v1/messages?limit=500")
        mine = [
            message["ID"]
            for message in listed.json()["messages"]
            if address in {to["Address"].lower() for to in message["To"]}
        ]
        return [await self._mail(mail_id) for mail_id in reversed(mine)]

    async def _mail(self, mail_id: str) -> Json:
        url = f"{self.addresses.mail}/api/v1/message/{mail_id}/raw"
        message = message_from_bytes(
            (await self.request("GET", url)).content, policy=policy.default
        )
        body = message.get_body(("plain", "html"))
        return {
            "subject": str(message["Subject"]),
            "headers": {name: str(value) for name, value in message.items()},
            "text": str(body.get_content()) if body else "",
        }

    async def metrics(self, service: str) -> str:
        """A service's metrics in Prometheus' text format."""
        url = f"{self.addresses.services[service]}/metrics"
        return (await self.request("GET", url)).text

    async def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """One request that waits an outage out; raises `RefusedError` for any other refusal."""
        deadline = time.monotonic() + OUTAGE_SECONDS
        while True:
            try:
                answer = await self.http.request(method, url, **options)
            except httpx.TransportError as error:
                if time.monotonic() > deadline:
                    raise NeverError(
                        f"{url} did not answer", OUTAGE_SECONDS, repr(error)
                    ) from error
            else:
                if answer.status_code not in _TRY_AGAIN or time.monotonic() > deadline:
                    return _accepted(answer)
            await asyncio.sleep(PAUSE_SECONDS)


def _accepted(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        request = answer.request
        raise RefusedError(request.method, str(request.url), answer.status_code, answer.text)
    return answer


@dataclass(frozen=True)
class Caller:
    """Somebody at the doors, with their token or none."""

    doors: Doors
    token: str | None

    async def get(self, service: str, path: str, **params: Any) -> Json:
        """Read something."""
        known = {name: value for name, value in params.items() if value is not None}
        return (await self.send("GET", service, path, params=known)).json()

    async def peek(self, service: str, path: str) -> Json | None:
        """Read something that may not be there yet."""
        try:
            return await self.get(service, path)
        except RefusedError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def post(self, service: str, path: str, body: Json = None, key: str = "") -> Json:
        """Command something; with a `key` of its own it is created once, whoever repeats it."""
        headers = {"Idempotency-Key": key or str(uuid4())}
        answer = await self.send("POST", service, path, json=body or {}, headers=headers)
        return answer.json()

    async def send(self, method: str, service: str, path: str, **options: Any) -> httpx.Response:
        """One request with the caller's token."""
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        options["headers"] = {**options.get("headers", {}), **bearer}
        url = f"{self.doors.addresses.services[service]}{path}"
        return await self.doors.request(method, url, **options)

    async def find(
        self, service: str, path: str, match: Callable[[Json], bool], **params: Any
    ) -> Json | None:
        """Look through a whole list for the first item that matches."""
        cursor: str | None = None
        while True:
            page = await self.get(service, path, cursor=cursor, **params)
            for item in page["items"]:
                if match(item):
                    return item
            cursor = page["next"]
            if cursor is None:
                return None


async def eventually(
    look: Callable[[], Awaitable[T | None]], what: str, seconds: float = 60.0
) -> T:
    """Look, ever less often, until there is something to see; `NeverError` after `seconds`."""
    deadline = time.monotonic() + seconds
    pause = SHORTEST_LOOK
    while True:
        seen = await look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise NeverError(what, seconds, seen)
        await asyncio.sleep(pause)
        pause = min(pause * 1.3, LONGEST_LOOK)
