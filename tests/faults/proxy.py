"""The fault proxy: stands before a server and disturbs what passes, as networks do.

Where a side is deaf, a socket filter makes the kernel drop what comes from there unread: nothing is
acknowledged, no keepalive answered, no connection opened, as behind a pulled plug. So both ends see
what they would see in a real partition, with no rights but those of any process (Linux).
"""

import asyncio
import contextlib
import ctypes
import socket
import struct
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from devstack import ports

Side: TypeAlias = Literal["client", "server"]

ATTACH_FILTER, DETACH_FILTER = 26, 27  # SO_ATTACH_FILTER of Linux; Python has no name for it
DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)  # one instruction of BPF: accept 0 bytes
CHUNK = 65536
DRIP_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a network; healed, it is `Fault()`.

    `deaf` are the sides from which nothing is heard; with `forgets`, the connections that lived
    through it stay dead without a word for ever, as behind a router that has lost its table.
    """

    latency: float = 0.0
    drip_bytes: int = 0
    cut_after: int | None = None
    resets: bool = False
    deaf: frozenset[Side] = frozenset()
    forgets: bool = False


HEALED = Fault()


@dataclass
class Proxy:
    """One proxy; `met` counts what it did to whom."""

    port: int
    target: int
    fault: Fault = HEALED
    met: Counter[str] = field(default_factory=Counter[str])
    _links: "set[_Link]" = field(default_factory=set["_Link"])
    _doors: Sequence[socket.socket] = ()

    def disturb(self, fault: Fault) -> None:
        """Let a fault take hold of everything that is connected and will connect."""
        self.fault = fault
        for door in self._doors:
            _deafen(door, is_deaf="client" in fault.deaf)
        for link in list(self._links):
            if fault.resets:
                link.abort("reset")
            link.seize(fault)

    def heal(self) -> None:
        if self.fault.forgets:
            for link in self._links:
                link.is_forgotten = True
        self.disturb(HEALED)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncGenerator["Proxy"]:
        async with await asyncio.start_server(self._accept, ports.HOST, self.port) as server:
            self._doors = server.sockets
            try:
                yield self
            finally:
                pumps = [link.pumps for link in self._links if link.pumps is not None]
                for link in self._links:
                    link.abort("closed")
                await asyncio.gather(*pumps)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_connection(ports.HOST, self.target)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(self, {"client": writer, "server": inner_writer})
        self._links.add(link)
        if self.fault.resets:
            link.abort("reset")
        link.seize(self.fault)
        link.pumps = asyncio.gather(
            link.pump(reader, inner_writer), link.pump(inner_reader, writer)
        )
        await link.pumps
        self._links.discard(link)


@dataclass(eq=False)
class _Link:
    """A client's connection and the one to the server behind it."""

    proxy: Proxy
    writers: dict[Side, asyncio.StreamWriter]
    passed: int = 0
    is_forgotten: bool = False
    pumps: "asyncio.Future[list[None]] | None" = None

    def seize(self, fault: Fault) -> None:
        for side, writer in self.writers.items():
            if self.is_forgotten or writer.transport.is_closing():
                continue
            is_deaf = side in fault.deaf
            self.proxy.met["deafened"] += is_deaf
            _deafen(writer.get_extra_info("socket"), is_deaf=is_deaf)

    def abort(self, how: str) -> None:
        """End both connections with RST."""
        self.proxy.met[how] += 1
        for writer in self.writers.values():
            if not writer.transport.is_closing():
                own = writer.get_extra_info("socket")
                own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pour from one side to the other until either is gone."""
        with contextlib.suppress(OSError):
            while chunk := await reader.read(self.proxy.fault.drip_bytes or CHUNK):
                await self._pass(chunk, writer)
        for one in self.writers.values():
            one.close()

    async def _pass(self, chunk: bytes, writer: asyncio.StreamWriter) -> None:
        fault = self.proxy.fault
        if wait := fault.latency or (DRIP_SECONDS if fault.drip_bytes else 0.0):
            self.proxy.met["held-up"] += len(chunk)
            await asyncio.sleep(wait)
        if fault.cut_after is not None and self.passed + len(chunk) > fault.cut_after:
            writer.write(chunk[: max(0, fault.cut_after - self.passed)])
            self.abort("cut")
            return
        self.passed = self.passed + len(chunk) if fault.cut_after is not None else 0
        writer.write(chunk)
        self.proxy.met["passed"] += len(chunk)
        await writer.drain()


def _deafen(one: socket.socket, *, is_deaf: bool) -> None:
    """Make the kernel drop what arrives at a socket, or let it in again."""
    if is_deaf:
        program = ctypes.create_string_buffer(DROP_ALL)
        where = struct.pack("HP", 1, ctypes.addressof(program))
        one.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, where)
        return
    with contextlib.suppress(FileNotFoundError):  # it was not deaf
        one.setsockopt(socket.SOL_SOCKET, DETACH_FILTER, 0)
