"""A thousand endpoints in one process, as light as can be: python -m rig.receiving PORT COUNT.

They take every POST, note how old its event is, and tell of it on `GET /taken`, which forgets it.
"""

import asyncio
import json
import sys
import time
from datetime import datetime

_TIME = b'"time":"'
_TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


def address_of(number: int) -> str:
    """The loopback address of an endpoint: each has one of its own, as real ones have."""
    return f"127.0.{1 + number // 250}.{1 + number % 250}"


class Endpoint(asyncio.Protocol):
    """One connection."""

    taken: list[tuple[float, bytes]]

    def __init__(self, taken: list[tuple[float, bytes]]) -> None:
        self.taken = taken
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.rest += data
        while (request := self._next()) is not None:
            self._answer(*request)

    def _next(self) -> tuple[bytes, bytes] | None:
        head, end, rest = self.rest.partition(b"\r\n\r\n")
        if not end:
            return None
        length = _length_of(head)
        if len(rest) < length:
            return None
        self.rest = rest[length:]
        return head, rest[:length]

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"POST"):
            at = body.find(_TIME) + len(_TIME)
            self.taken.append((time.time(), body[at : body.index(b'"', at)]))
            self.transport.write(_TAKEN)
            return
        ages = [now - datetime.fromisoformat(text.decode()).timestamp() for now, text in self.taken]
        self.taken.clear()
        told = json.dumps(ages).encode()
        self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(told) + told)


def _length_of(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def serve(port: int, count: int) -> None:
    taken: list[tuple[float, bytes]] = []
    addresses = [address_of(number) for number in range(count)]
    server = await asyncio.get_running_loop().create_server(
        lambda: Endpoint(taken), addresses, port, backlog=64
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
