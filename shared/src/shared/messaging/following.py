"""Following: a service's own topics, read for any number of HTTP readers by one consumer.

While anybody reads, one consumer without a group follows the end of all topics and keeps what is
recent in memory. Who stands further back is brought forward in portions by a small pool of
consumers; nobody has one of its own. Nothing is copied, and nothing is remembered of a reader.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Collection, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.contracts.topic import PARTITIONS
from shared.errors import UnavailableError
from shared.messaging.bookmarks import FROM_THE_START, Bookmark
from shared.messaging.recent import Recent
from shared.messaging.structured import Told, tell
from shared.messaging.wire import accept_any_header_name
from shared.settings import REQUEST_TIMEOUT_MS

IDLE_SECONDS = 60.0
"""After so long without a reader the consumers go."""

START_SECONDS = 10.0
PORTION_SECONDS = 2.0
"""How long a portion from Kafka may take before the reader is answered with what there is."""

AT_ONCE = 3
"""Portions read from Kafka at once; others wait their turn."""

FOLLOW_WAIT_MS, PORTION_WAIT_MS = 500, 50
"""How long the broker may keep a fetch that finds nothing; the next one has to wait for it."""

RETRY_PAUSE = 1.0
_FETCH_BYTES = 128 * 1024

logger = structlog.stdlib.get_logger()


class LogNotReachableError(UnavailableError):
    """Kafka does not answer; try again."""


class LogMovedOnError(Exception):
    """Records behind a bookmark are gone; `bookmark` is where to go on."""

    def __init__(self, bookmark: Bookmark) -> None:
        super().__init__()
        self.bookmark = bookmark


def partitions_of(topics: Iterable[str]) -> list[TopicPartition]:
    """Every partition of these topics."""
    return [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]


class Following:
    """The log of one service's topics; `run` it in the background, read it from anywhere."""

    def __init__(self, service: str, topics: Collection[str], options: dict[str, Any]) -> None:
        self.service = service
        self.partitions = partitions_of(sorted(topics))
        self.recent = Recent()
        self._options = options
        self._wanted = asyncio.Event()
        self._following = asyncio.Event()
        self._news = asyncio.Event()
        self._read_at = 0.0
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._resting: list[Any] = []  # consumers; their records are not annotated

    async def run(self) -> None:
        """Follow while there are readers, for ever."""
        accept_any_header_name()
        while True:
            await self._wanted.wait()
            try:
                await self._follow()
            except (KafkaError, OSError) as error:
                logger.warning("following_interrupted", service=self.service, error=repr(error))
                await asyncio.sleep(RETRY_PAUSE)

    async def end(self) -> Bookmark:
        """The bookmark of whoever wants only what comes from now on."""
        await self._ready()
        bookmark = Bookmark()
        for partition, offset in self.recent.ends.items():
            bookmark.move(partition, offset)
        return bookmark

    async def settle(self, bookmark: Bookmark, partitions: Iterable[TopicPartition]) -> None:
        """Put the bookmark before the first record of each partition that it does not name.

        So a reader who has yet to come to a partition is told when the log leaves that place.
        """
        unread = [each for each in partitions if bookmark.at(each) == FROM_THE_START]
        if not unread:
            return
        await self._ready()
        try:
            async with asyncio.timeout(START_SECONDS), self._borrowed() as consumer:
                starts: dict[TopicPartition, int] = await consumer.beginning_offsets(unread)
        except (KafkaError, OSError, TimeoutError) as error:
            raise LogNotReachableError from error
        for partition, start in starts.items():
            bookmark.move(partition, start)

    async def read(
        self, bookmark: Bookmark, partitions: Collection[TopicPartition], limit: int
    ) -> list[Told]:
        """The next records of these partitions, each partition's in its order; moves the bookmark.

        The bookmark is settled. There may be none though it moves: what stood there is no more.
        Raises `LogMovedOnError`, and `LogNotReachableError`.
        """
        await self._ready()
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._require_end(bookmark, partitions)
                missing = self.recent.missing(bookmark, partitions)
                if missing:
                    return await self._portion(bookmark, missing, limit)
        except (KafkaError, OSError, TimeoutError) as error:
            raise LogNotReachableError from error
        told = self.recent.after(bookmark, partitions, limit)
        for each in told:
            bookmark.move(each.partition, each.offset + 1)
        return told

    async def wait(
        self, bookmark: Bookmark, partitions: Collection[TopicPartition], seconds: float
    ) -> bool:
        """Wait until there is something behind the bookmark; answers whether there is."""
        ends_at = time.monotonic() + seconds
        await self._ready()
        while not self.recent.has_news(bookmark, partitions):
            left = ends_at - time.monotonic()
            if left <= 0:
                return False
            try:
                async with asyncio.timeout(left):
                    await self._news.wait()
            except TimeoutError:
                return False
        return True

    async def _ready(self) -> None:
        self._read_at = time.monotonic()
        self._wanted.set()
        if self._following.is_set():
            return
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._following.wait()
        except TimeoutError as error:
            raise LogNotReachableError from error

    async def _follow(self) -> None:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._dismiss)
            consumer = await stack.enter_async_context(self._consumer(self.partitions))
            ends: dict[TopicPartition, int] = await consumer.end_offsets(self.partitions)
            for partition, offset in ends.items():
                consumer.seek(partition, offset)
            self.recent.begin(ends)
            stack.callback(self._following.clear)
            self._following.set()
            self._tell_of_news()
            while time.monotonic() - self._read_at < IDLE_SECONDS:
                arrived = await consumer.getmany(timeout_ms=1000)
                for records in arrived.values():
                    self.recent.take(map(tell, records))
                if arrived:
                    self._tell_of_news()
            self._wanted.clear()

    def _tell_of_news(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _dismiss(self) -> None:
        while self._resting:
            await self._resting.pop().stop()

    @asynccontextmanager
    async def _consumer(self, partitions: Sequence[TopicPartition]) -> AsyncGenerator[Any]:
        consumer = self._make(FOLLOW_WAIT_MS)
        consumer.assign(partitions)
        try:
            await consumer.start()
            yield consumer
        finally:
            await consumer.stop()

    def _make(self, patience_ms: int) -> Any:
        return AIOKafkaConsumer(
            **self._options,
            client_id=f"rapport-{self.service}-events",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            fetch_max_wait_ms=patience_ms,
            max_partition_fetch_bytes=_FETCH_BYTES,
            fetch_max_bytes=_FETCH_BYTES * 16,
        )

    @asynccontextmanager
    async def _borrowed(self) -> AsyncGenerator[Any]:
        """A consumer for one portion; it rests until the next one, unless something went wrong."""
        async with self._turns:
            consumer = self._resting.pop() if self._resting else await self._started()
            try:
                yield consumer
                consumer.assign([])  # at rest it fetches nothing
            except BaseException:
                await consumer.stop()
                raise
            self._resting.append(consumer)

    async def _started(self) -> Any:
        consumer = self._make(PORTION_WAIT_MS)
        try:
            await consumer.start()
        except BaseException:
            await consumer.stop()
            raise
        return consumer

    async def _portion(
        self, bookmark: Bookmark, partitions: Sequence[TopicPartition], limit: int
    ) -> list[Told]:
        """Read these partitions from Kafka until there is something, or nothing is missing."""
        ends_at = time.monotonic() + PORTION_SECONDS
        found: list[Told] = []
        async with self._borrowed() as consumer:
            await self._require_start(consumer, bookmark, partitions)
            consumer.assign(partitions)
            for partition in partitions:
                consumer.seek(partition, bookmark.at(partition))
            while not found and self.recent.missing(bookmark, partitions):
                for records in (await consumer.getmany(timeout_ms=200, max_records=limit)).values():
                    found += map(tell, records)
                for partition in partitions:  # also past what was compacted away
                    bookmark.move(partition, await consumer.position(partition))
                if time.monotonic() > ends_at:
                    break
        return found

    async def _require_start(
        self, consumer: Any, bookmark: Bookmark, partitions: Sequence[TopicPartition]
    ) -> None:
        """Raise where the log has left the bookmark behind."""
        starts: dict[TopicPartition, int] = await consumer.beginning_offsets(partitions)
        is_behind = any(bookmark.at(each) < start for each, start in starts.items())
        for partition, start in starts.items():
            bookmark.move(partition, max(start, bookmark.at(partition)))
        if is_behind:
            raise LogMovedOnError(bookmark)

    async def _require_end(
        self, bookmark: Bookmark, partitions: Collection[TopicPartition]
    ) -> None:
        """Raise where the bookmark is of a log that was longer: the topic was made anew."""
        ahead = [each for each in partitions if bookmark.at(each) > self.recent.ends[each]]
        if not ahead:
            return
        async with self._borrowed() as consumer:
            ends: dict[TopicPartition, int] = await consumer.end_offsets(ahead)
        gone = [each for each, end in ends.items() if bookmark.at(each) > end]
        for partition in gone:
            bookmark.move(partition, ends[partition])
        if gone:
            raise LogMovedOnError(bookmark)
