"""Connections to Kafka, where the library leaves something to be desired.

A send on a closed transport is the error that aiokafka knows. Where a connection ends, its
transport is closed some turns of the loop before aiokafka's reader hears of it. A request sent in
between is dropped with a line in the log by asyncio's own loop, but uvloop raises RuntimeError.
aiokafka expects OSError alone there: the error ends its coordination for good, and the consumer
neither rejoins its group nor fetches again, without a word.

And a producer can be cut off: its `stop` waits until all is sent, and where that is given up, the
sender goes on for good, connects anew, and keeps uvloop from ever closing.
"""

import asyncio
from typing import Any

from aiokafka import AIOKafkaProducer, conn
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

CUT_OFF_PAUSE = 0.5


def notice_closed_transports() -> None:
    """Make every client of this process do so; call it before one is started."""
    library: Any = conn
    library.AIOKafkaConnection = CarefulConnection


class CarefulConnection(AIOKafkaConnection):  # type: ignore[misc]  # untyped
    """The library's connection, which looks at its transport before it writes."""

    def send(self, request: Any, expect_response: bool = True) -> Any:  # noqa: FBT001, FBT002 -- the library's signature
        library: Any = super()
        writer: Any = self._writer
        if writer is not None and writer.transport.is_closing():
            library.close(reason=CloseReason.CONNECTION_BROKEN)
            message = f"Connection at {self.host}:{self.port} broken: its transport is closed"
            raise KafkaConnectionError(message)
        return library.send(request, expect_response)


async def cut_off(producer: AIOKafkaProducer) -> None:
    """End a producer at once, and with it what it has not sent."""
    library: Any = producer
    library._closed = True  # noqa: SLF001 -- see above
    sending: asyncio.Task[None] | None = library._sender.sender_task  # noqa: SLF001
    while sending is not None and not sending.done():
        sending.cancel()  # its loop first, then the request that it waits for
        await _abort(library.client)
        await asyncio.wait([sending], timeout=CUT_OFF_PAUSE)
    await _abort(library.client)


async def _abort(client: Any) -> None:
    """Close the client's connections without what is still to be written to them."""
    for connection in client._conns.values():  # noqa: SLF001
        if connection._writer is not None:  # noqa: SLF001
            connection._writer.transport.abort()  # noqa: SLF001
    await client.close()
