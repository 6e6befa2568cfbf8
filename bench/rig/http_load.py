"""A load of HTTP requests that costs little: bytes made beforehand, connections kept alive.

A Python HTTP client would use more of the machine than the service that it asks. This one writes
a request, reads the answer up to its length, and looks at the status.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit


class RefusedError(RuntimeError):
    """An answer was not the one that the load expects."""


def post(url: str, body: bytes, headers: dict[str, str]) -> bytes:
    """A POST of JSON as it goes over the wire."""
    address = urlsplit(url)
    lines = [f"POST {address.path} HTTP/1.1", f"Host: {address.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += ["Content-Type: application/json", f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def get(url: str, headers: dict[str, str]) -> bytes:
    """A GET as it goes over the wire."""
    address = urlsplit(url)
    lines = [f"GET {address.path} HTTP/1.1", f"Host: {address.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


async def rate_of(url: str, requests: Sequence[bytes], connections: int, status: int) -> float:
    """Requests a second, each of `connections` sending the next as soon as it has its answer."""
    address = urlsplit(url)
    waiting = iter(requests)
    opened = [
        await asyncio.open_connection(address.hostname, address.port) for _ in range(connections)
    ]
    started = time.perf_counter()
    await asyncio.gather(*(_work(*streams, waiting, status) for streams in opened))
    seconds = time.perf_counter() - started
    for _, writer in opened:
        writer.close()
        await writer.wait_closed()
    return len(requests) / seconds


async def _work(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    waiting: Iterator[bytes],
    status: int,
) -> None:
    for request in waiting:
        await answer_to(request, reader, writer, status)


async def answer_to(
    request: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, status: int
) -> bytes:
    """Send a request and read its answer; raises `RefusedError` where it has another status."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    body = await reader.readexactly(_length_of(head))
    if not head.startswith(f"HTTP/1.1 {status} ".encode()):
        raise RefusedError(f"{head.splitlines()[0]!r} {body[:500]!r}")
    return body


def _length_of(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise RefusedError("an answer without its length")
