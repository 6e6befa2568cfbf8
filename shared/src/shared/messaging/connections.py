"""Connections to Kafka: a send on a closed transport is the error that aiokafka knows.

Where a connection ends, its transport is closed some turns of the loop before aiokafka's reader
hears of it. A request sent in between is dropped with a line in the log by asyncio's own loop, but
uvloop raises RuntimeError. aiokafka expects OSError alone there: the error ends its coordination
for good, and the consumer neither rejoins its group nor fetches again, without a word.
"""

from typing import Any

from aiokafka import conn
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError


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
