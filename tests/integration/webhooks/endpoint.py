"""A subscriber's endpoint on a local port: it notes what it is sent and answers as a test says."""

import asyncio
import contextlib
import json
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from aiohttp import web
from standardwebhooks import Webhook

Answer: TypeAlias = Callable[["Request"], Awaitable[web.StreamResponse]]


@dataclass
class Request:
    """One request, as it came."""

    headers: dict[str, str]
    body: bytes
    at: float
    event: Any
    peer: object
    raw: web.Request

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def subject(self) -> str:
        return str(self.event["subject"])

    @property
    def version(self) -> int:
        return int(self.event["aggregateversion"])

    def verify(self, secret: str) -> Any:
        """What the library of Standard Webhooks makes of it; raises where it was not us."""
        return Webhook(secret).verify(self.body, self.headers)


async def ok(_request: Request) -> web.StreamResponse:
    return web.Response(status=204)


def always(status: int, **headers: str) -> Answer:
    async def answer(_request: Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, headers=named)

    return answer


def first_then(*answers: Answer) -> Answer:
    """Each request gets the next answer; the last is for all that follow."""
    left = list(answers)

    async def answer(request: Request) -> web.StreamResponse:
        return await (left.pop(0) if len(left) > 1 else left[0])(request)

    return answer


@dataclass
class Endpoint:
    """Where a subscription points to."""

    port: int
    answer: Answer = ok
    requests: list[Request] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/in?token=hush"

    async def take(self, raw: web.Request) -> web.StreamResponse:
        body = await raw.read()
        headers = {name.lower(): value for name, value in raw.headers.items()}
        peer = raw.transport.get_extra_info("peername") if raw.transport else None
        event = json.loads(body) if body else None
        request = Request(headers, body, time.monotonic(), event, peer, raw)
        self.requests.append(request)
        self.changed.set()
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self.answer(request)
        finally:
            self.at_once -= 1

    async def received(self, count: int, within: float = 30) -> list[Request]:
        """The requests, as soon as there are so many."""
        async with asyncio.timeout(within):
            while len(self.requests) < count:
                self.changed.clear()
                await self.changed.wait()
        return self.requests

    def versions(self, subject: object) -> list[int]:
        """The versions of one aggregate in the order in which they came."""
        return [each.version for each in self.requests if each.subject == str(subject)]


@contextlib.asynccontextmanager
async def listening(tls: ssl.SSLContext | None = None) -> AsyncIterator[Endpoint]:
    """An endpoint for the length of the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    endpoint = Endpoint(listener.getsockname()[1])
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", endpoint.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.SockSite(runner, listener, ssl_context=tls).start()
    try:
        yield endpoint
    finally:
        await runner.cleanup()
