"""A stream of events: one reader's way along the log, as server-sent events.

A reader is told at its own speed and nothing is queued for it: who stops reading stops being read
for, and is cut off after a while; with the last `id` it goes on where it was.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence

import anyio
import structlog
from sse_starlette import EventSourceResponse
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from shared.errors import TooManyRequestsError, UnavailableError
from shared.http.event_filters import Wanted
from shared.messaging import metrics
from shared.messaging.bookmarks import Bookmark, Cursors
from shared.messaging.following import Following, LogMovedOnError, partitions_of
from shared.messaging.structured import Told

HEARTBEAT_SECONDS = 15.0
LONGEST_SECONDS = 900.0
"""A stream ends after this long and the client asks again, so that no token outlives its end."""

SLOWEST_SECONDS = 20.0
"""How long a reader may leave what was sent to it unread."""

MOMENT, GRACE_SECONDS = 0.5, 3.0
"""When the service stops, streams notice within a moment and end in good order."""

MOST_STREAMS = 200
PORTION = 200
GATHER_SECONDS = 0.02
"""What comes within so long goes out together."""

RETRY_PAUSE = 1.0

logger = structlog.stdlib.get_logger()
_open_streams: dict[str, int] = {}


class TooManyStreamsError(TooManyRequestsError):
    """This process serves as many streams as it can; use pages, or try again later."""


def limit_streams(service: str) -> None:
    """Raise `TooManyStreamsError` where there is no room for one more."""
    if _open_streams.get(service, 0) >= MOST_STREAMS:
        raise TooManyStreamsError(most=MOST_STREAMS)


class EventStream:
    """One reader's stream; `begin` it first, so that a refusal comes before the answer starts."""

    def __init__(
        self, following: Following, cursors: Cursors, wanted: Wanted, bookmark: Bookmark
    ) -> None:
        self._following = following
        self._cursors = cursors
        self._wanted = wanted
        self._partitions = partitions_of(wanted.topics)
        self._read = bookmark
        self._told = bookmark.copy()
        self._first: Sequence[Told] = ()
        self._stopping = anyio.Event()

    async def begin(self) -> None:
        """Read the first portion; raises what `Following.read` raises."""
        self._first = await self._following.read(self._read, self._partitions, PORTION)

    def response(self) -> EventSourceResponse:
        """The answer, which goes on until its time is over."""
        return _Response(
            self._frames(),
            ping=0,
            send_timeout=SLOWEST_SECONDS,
            sep="\n",
            shutdown_event=self._stopping,
            shutdown_grace_period=GRACE_SECONDS,
        )

    async def _frames(self) -> AsyncGenerator[bytes]:
        service = self._following.service
        _count(service, 1)
        ends_at = time.monotonic() + LONGEST_SECONDS
        try:
            yield b"retry: 1000\n\n" + self._written(self._first)
            while time.monotonic() < ends_at and not self._stopping.is_set():
                frames = await self._next(ends_at)
                yield frames or self._heartbeat()
        except LogMovedOnError:
            return  # it asks again with its last id, and is told where to go on
        finally:
            _count(service, -1)

    async def _next(self, ends_at: float) -> bytes:
        """The next events; nothing where a heartbeat is due. An outage of Kafka is waited out."""
        due_at = min(time.monotonic() + HEARTBEAT_SECONDS, ends_at)
        while (left := due_at - time.monotonic()) > 0 and not self._stopping.is_set():
            try:
                moment = min(left, MOMENT)
                if not await self._following.wait(self._read, self._partitions, moment):
                    continue
                await asyncio.sleep(GATHER_SECONDS)
                told = await self._following.read(self._read, self._partitions, PORTION)
            except UnavailableError:
                await asyncio.sleep(RETRY_PAUSE)
            else:
                frames = self._written(told)
                if frames:
                    return frames
        return b""

    def _written(self, told: Sequence[Told]) -> bytes:
        frames: list[str] = []
        for each in told:
            self._told.move(each.partition, each.offset + 1)
            if each.text is not None and self._wanted.includes(each.type):
                cursor = self._cursors.write(self._told)
                frames.append(f"id: {cursor}\ndata: {each.text}\n\n")
        self._told = self._read.copy()
        metrics.EVENTS_TOLD.labels(self._following.service).inc(len(frames))
        return "".join(frames).encode()

    def _heartbeat(self) -> bytes:
        """A comment, and how far we have looked: clients keep the id also of an empty event."""
        return f": heartbeat\nid: {self._cursors.write(self._told)}\n\n".encode()


class _Response(EventSourceResponse):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            logger.info("slow_reader_cut_off", seconds=SLOWEST_SECONDS)


def _count(service: str, change: int) -> None:
    _open_streams[service] = _open_streams.get(service, 0) + change
    metrics.EVENT_STREAMS.labels(service).set(_open_streams[service])
