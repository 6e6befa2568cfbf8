"""A load of HTTP requests that costs little: bytes made beforehand, connections kept alive.

A Python HTTP client would use more of the machine than the service that it asks. This one writes
a request, reads the answer up to its length, and looks at the status.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit


class RefusedError(RuntimeError):
    """An answer was not the one that the load expects."""


def post(url: str, body: bytes, token: str) -> bytes:
    """A POST of JSON as it goes over the wire."""
    length = ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return _request("POST", url, token, length) + body


def get(url: str, token: str) -> bytes:
    """A GET as it goes over the wire."""
    return _request("GET", url, token, [])


def _request(method: str, url: str, token: str, more: Sequence[str]) -> bytes:
    address = urlsplit(url)
    lines = [f"{method} {address.path} HTTP/1.1", f"Host: {address.netloc}"]
    lines += [f"Authorization: Bearer {token}", *more, "", ""]
    return "\r\n".join(lines).encode()


@dataclass
class Connection:
    """A connection that is kept alive; one request at a time."""

    host: str
    port: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def to(cls, url: str) -> "Connection":
        """A connection to the server of `url`."""
        address = urlsplit(url)
        host, port = address.hostname or "", address.port or 80
        return cls(host, port, *await asyncio.open_connection(host, port))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """The status and the body of the answer."""
        if self.reader.at_eof():  # the server closes what was idle for some seconds
            self.writer.close()
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        body = await self.reader.readexactly(_length_of(head))
        return int(head[9:12]), body

    async def expect(self, status: int, request: bytes) -> bytes:
        """The body of the answer; raises `RefusedError` where it has another status."""
        answered, body = await self.ask(request)
        if answered != status:
            raise RefusedError(f"{answered} {body[:500]!r}")
        return body


def _length_of(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise RefusedError("an answer without its length")


@asynccontextmanager
async def connected(url: str, count: int) -> AsyncGenerator[list[Connection]]:
    """So many connections to the server of `url`."""
    opened: list[Connection] = []
    try:
        for _ in range(count):
            opened += [await Connection.to(url)]  # one by one, so that a failure closes the others
        yield opened
    finally:
        for connection in opened:
            connection.writer.close()


async def rate_of(url: str, requests: Sequence[bytes], connections: int, status: int) -> float:
    """Requests a second, each of `connections` sending the next as soon as it has its answer."""
    waiting = iter(requests)
    async with connected(url, connections) as opened:
        started = time.perf_counter()
        await asyncio.gather(*(_work(each, waiting, status) for each in opened))
        return len(requests) / (time.perf_counter() - started)


async def _work(connection: Connection, waiting: Iterator[bytes], status: int) -> None:
    for request in waiting:
        await connection.expect(status, request)
