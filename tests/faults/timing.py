"""Timing: when each answer came and how long it took, by service; and a load that runs beside."""

import asyncio
import statistics
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from tests.faults.client import SERVER_FAULT
from tests.faults.load import Load

MOST_SECONDS = 1000.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to a command; the times are those of `time.monotonic`."""

    service: str
    sent_at: float
    came_at: float
    is_acknowledged: bool


@dataclass
class Timing:
    """All answers that a load got."""

    services: dict[str, str]
    answers: list[Answer] = field(default_factory=list[Answer])

    def acknowledged(self, since: float, until: float, *services: str) -> list[Answer]:
        """Commands sent after `since` and acknowledged before `until`, of these services or all."""
        return [
            a
            for a in self.answers
            if a.is_acknowledged
            and since <= a.sent_at
            and a.came_at <= until
            and (not services or a.service in services)
        ]

    async def first(self, since: float, *services: str, seconds: float = 120.0) -> float:
        """Seconds until the first command that was sent after `since` is acknowledged."""

        def look() -> bool:
            return bool(self.acknowledged(since, time.monotonic(), *services))

        await until(look, f"an acknowledgement of {services or 'anybody'}", seconds)
        return min(a.came_at for a in self.acknowledged(since, time.monotonic(), *services)) - since

    async def more(self, count: int, *services: str, seconds: float = 120.0) -> None:
        """Wait until so many more commands are acknowledged."""
        since = time.monotonic()

        def look() -> bool:
            return len(self.acknowledged(since, time.monotonic(), *services)) >= count

        await until(look, f"{count} more acknowledgements of {services or 'anybody'}", seconds)

    async def note_start(self, request: httpx.Request) -> None:
        request.extensions["sent_at"] = time.monotonic()

    async def note(self, response: httpx.Response) -> None:
        request = response.request
        service = self.services.get(f"{request.url.scheme}://{request.url.netloc.decode()}")
        if service is not None and request.method != "GET":
            is_known = response.status_code < SERVER_FAULT
            sent_at = request.extensions["sent_at"]
            self.answers.append(Answer(service, sent_at, time.monotonic(), is_known))


def timed(load: Load) -> Timing:
    """Time everything that the load sends from now on."""
    timing = Timing({url: service for service, url in load.client.urls.items()})
    hooks = {"request": [timing.note_start], "response": [timing.note]}
    load.client.http.event_hooks = hooks
    return timing


@asynccontextmanager
async def under_load(load: Load) -> AsyncGenerator[None]:
    """Travel beside the block; at its end everybody goes home."""
    over = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(load.run(over.is_set, MOST_SECONDS))
        try:
            yield
        finally:
            over.set()


async def until(look: Callable[[], bool], what: str, seconds: float) -> None:
    """Wait for something that can be seen at once."""
    await until_async(lambda: _seen(look), what, seconds)


async def _seen(look: Callable[[], bool]) -> bool:
    return look()


async def until_async(
    look: Callable[[], Awaitable[bool]], what: str, seconds: float, every: float = 0.1
) -> None:
    deadline = time.monotonic() + seconds
    while not await look():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        await asyncio.sleep(every)


def spread(values: Sequence[float]) -> str:
    """Median and worst, in seconds."""
    return f"median {statistics.median(values):.1f} s, worst {max(values):.1f} s"


def p99_ms(answers: Sequence[Answer]) -> int:
    """The 99th percentile of what the answers took."""
    took = sorted(a.came_at - a.sent_at for a in answers)
    return round(took[min(len(took) - 1, int(len(took) * 0.99))] * 1000)
