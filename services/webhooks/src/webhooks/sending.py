"""The sender: claims what is due, posts it, and settles what came of it, many at a time.

Claiming, posting and settling go on side by side: an endpoint that hangs holds up its own requests
and no others. A process that dies leaves leases behind that end; what it had posted and not settled
is posted again under the same id.
"""

import asyncio
import contextlib
import random
import resource
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

import structlog
from aiohttp.abc import AbstractResolver
from shared.db import Connection, Pool, is_infrastructure_fault
from shared.failpoints import Failpoint

from webhooks import metrics
from webhooks.deliveries import store
from webhooks.deliveries.domain import Answer, Claimed, Conclusion, conclude
from webhooks.deliveries.handlers import settle
from webhooks.deliveries.store import FROM_THE_FIRST, Room
from webhooks.egress import Egress, Names, UrlNotAllowedError
from webhooks.posting import Poster, posting
from webhooks.sealing import Seal, SealBrokenError
from webhooks.signing import sign
from webhooks.subscriptions.domain import signing_secrets

OF_EACH = 8
"""Requests at once to one subscription's endpoint, in each process."""

IN_ALL = 4000
"""Requests at once in a process. So many endpoints may fail, each has one of them; of those that
begin to hang at the same moment, an eighth, before the others wait for their time-outs."""

CLAIM_EVERY = 0.025
"""Seconds between two claims at least: what comes meanwhile shares a statement."""

AT_REST = 1.0
"""Seconds after which it looks without having been told: for what becomes due by time."""

SETTLE_AFTER = 0.02
SETTLED_AT_ONCE = 500
FILES = 65_536

_AFTER_ANSWER = Failpoint("webhooks.after-answer")
_AFTER_SETTLING = Failpoint("webhooks.after-settling")

logger = structlog.stdlib.get_logger()


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends for one process; `names` looks up the hosts of endpoints."""

    egress: Egress
    seal: Seal
    timeout_seconds: float
    ca_file: str | None = None
    names: Callable[[], AbstractResolver] = Names

    @property
    def lease(self) -> float:
        """Longer than any request and the settling of it take."""
        return 2 * self.timeout_seconds + 5

    async def send(self, pool: Pool) -> bool:
        """The job: it goes on until something fails, then leaves its leases to end."""
        _allow_many_files()
        async with posting(self.egress, self.timeout_seconds, self.ca_file, self.names) as poster:
            try:
                await _Sending(pool, poster, self).run()
            except ExceptionGroup as failures:
                raise _gravest(failures) from failures
        return True

    def sign(self, claimed: Claimed, timestamp: int, body: bytes) -> dict[str, str]:
        """The headers of Standard Webhooks; raises `SealBrokenError`."""
        sealed = signing_secrets(
            claimed.secret, claimed.former_secret, claimed.former_secret_until, _now()
        )
        keys = [_opened(self.seal, each, claimed.subscription_id) for each in sealed]
        message_id = str(claimed.event_id)
        return {
            "content-type": "application/cloudevents+json",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(keys, message_id, timestamp, body),
        }


@dataclass(slots=True)
class _Sending:
    """One run of the sender: what it has in flight and what waits to be settled."""

    pool: Pool
    poster: Poster
    sender: Sender
    in_flight: Counter[UUID] = field(default_factory=Counter[UUID])
    concluded: "asyncio.Queue[Conclusion]" = field(default_factory=asyncio.Queue["Conclusion"])
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    turn: UUID = FROM_THE_FIRST

    async def run(self) -> None:
        async with self._listening() as listener, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._settle_all())
            while not listener.is_closed():
                self.woken.clear()
                began = time.monotonic()
                claimed = await self._claim()
                for each in claimed:
                    tasks.create_task(self._attempt(each))
                if not claimed:
                    await self._rest()
                await asyncio.sleep(began + CLAIM_EVERY - time.monotonic())
            raise ConnectionResetError("nobody would wake the sender any more")

    async def _rest(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(AT_REST):
                await self.woken.wait()

    async def _claim(self) -> list[Claimed]:
        room = IN_ALL - self.in_flight.total()
        if room <= 0:
            return []
        claimed = await store.claim(
            self.pool, Room(self.in_flight, room, OF_EACH, self.turn), self.sender.lease
        )
        self.in_flight.update(each.subscription_id for each in claimed)
        self.turn = claimed[-1].subscription_id if len(claimed) == room else FROM_THE_FIRST
        return claimed

    async def _attempt(self, claimed: Claimed) -> None:
        answer = await self._post(claimed)
        _AFTER_ANSWER.reach()
        conclusion = conclude(claimed, answer, random.uniform(-1, 1))
        _tell(conclusion)
        self.concluded.put_nowait(conclusion)

    async def _post(self, claimed: Claimed) -> Answer:
        body, timestamp = claimed.body.encode(), int(time.time())
        try:
            _require_url(self.sender.egress, claimed.url)
            headers = self.sender.sign(claimed, timestamp, body)
        except UrlNotAllowedError:
            return Answer(_now(), 0, error="url-not-allowed")
        except SealBrokenError:
            return Answer(_now(), 0, error="secret-not-readable")
        return await self.poster.post(claimed.url, headers, body)

    async def _settle_all(self) -> None:
        while True:
            batch = [await self.concluded.get()]
            await asyncio.sleep(SETTLE_AFTER)
            while not self.concluded.empty() and len(batch) < SETTLED_AT_ONCE:
                batch.append(self.concluded.get_nowait())
            await settle(self.pool, batch)
            _AFTER_SETTLING.reach()
            self._forget(batch)
            self.woken.set()

    def _forget(self, batch: list[Conclusion]) -> None:
        for each in batch:
            key = each.claimed.subscription_id
            self.in_flight[key] -= 1
            if not self.in_flight[key]:
                del self.in_flight[key]

    @contextlib.asynccontextmanager
    async def _listening(self) -> AsyncGenerator[Connection]:
        """Be woken by whoever queues something; it is looked at once a second anyway."""

        def wake(*_: Any) -> None:
            self.woken.set()

        async with self.pool.acquire() as connection:
            await connection.add_listener(store.CHANNEL, wake)
            try:
                yield connection
            finally:
                if not connection.is_closed():
                    await connection.remove_listener(store.CHANNEL, wake)


def _tell(conclusion: Conclusion) -> None:
    claimed, answer = conclusion.claimed, conclusion.answer
    outcome = "delivered" if answer.is_taken else "failed"
    metrics.REQUESTS.labels(outcome).inc()
    metrics.REQUEST_SECONDS.observe(answer.duration_ms / 1000)
    if answer.is_taken:
        return
    logger.info(
        "delivery_failed",
        subscription_id=str(claimed.subscription_id),
        delivery_id=claimed.delivery_id,
        event_id=str(claimed.event_id),
        host=claimed.host,
        attempt=claimed.attempts + 1,
        status_code=answer.status_code,
        error=answer.error,
        ms=answer.duration_ms,
        outcome=conclusion.status,
    )


def _gravest(failures: "ExceptionGroup[Exception]") -> Exception:
    """A bug before a fault of the world: the caller waits the one out and ends for the other."""
    leaves = list(_leaves(failures))
    bugs = [each for each in leaves if not is_infrastructure_fault(each)]
    return (bugs or leaves)[0]


def _leaves(failure: Exception) -> list[Exception]:
    if not isinstance(failure, ExceptionGroup):
        return [failure]
    inner = cast("ExceptionGroup[Exception]", failure).exceptions
    return [leaf for each in inner for leaf in _leaves(each)]


@lru_cache(maxsize=10_000)
def _opened(seal: Seal, sealed: bytes, subscription_id: UUID) -> bytes:
    return seal.open(sealed, subscription_id)


@lru_cache(maxsize=10_000)
def _require_url(egress: Egress, url: str) -> None:
    """What was allowed when it was stored may not be any more."""
    egress.require_url(url)


def _allow_many_files() -> None:
    """Raise the limit of open files: each endpoint keeps a connection."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FILES:
        wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _now() -> datetime:
    return datetime.now(UTC)
