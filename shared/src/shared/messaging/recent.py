"""What was recorded last on a service's topics, in memory, for all who follow them at once."""

import heapq
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from operator import attrgetter

from aiokafka import TopicPartition

from shared.messaging.bookmarks import Bookmark
from shared.messaging.structured import Told

MOST_BYTES = 16 * 1024 * 1024
"""However many follow, this much is kept; who is further behind reads from Kafka."""


class Recent:
    """The newest records of each partition: all from `begins` up to `ends`, and none before."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self.begins: dict[TopicPartition, int] = {}
        self.ends: dict[TopicPartition, int] = {}
        self._records: dict[TopicPartition, deque[Told]] = {}
        self._arrived: deque[TopicPartition] = deque()
        self._bytes = 0

    def begin(self, ends: Mapping[TopicPartition, int]) -> None:
        """Forget everything; what is recorded from these offsets on will be taken."""
        self.begins, self.ends = dict(ends), dict(ends)
        self._records = {partition: deque() for partition in ends}
        self._arrived.clear()
        self._bytes = 0

    def take(self, records: Iterable[Told]) -> None:
        """Add records, which come in the order of each partition; the oldest make room."""
        for told in records:
            self._records[told.partition].append(told)
            self.ends[told.partition] = told.offset + 1
            self._arrived.append(told.partition)
            self._bytes += told.size
        while self._bytes > self.most_bytes:
            partition = self._arrived.popleft()
            oldest = self._records[partition].popleft()
            self.begins[partition] = oldest.offset + 1
            self._bytes -= oldest.size

    def missing(
        self, bookmark: Bookmark, partitions: Iterable[TopicPartition]
    ) -> list[TopicPartition]:
        """The partitions of which records before `begins` are still to be read."""
        return [each for each in partitions if bookmark.at(each) < self.begins[each]]

    def has_news(self, bookmark: Bookmark, partitions: Iterable[TopicPartition]) -> bool:
        """Whether anything was recorded behind the bookmark."""
        return any(bookmark.at(each) < self.ends[each] for each in partitions)

    def after(
        self, bookmark: Bookmark, partitions: Collection[TopicPartition], limit: int
    ) -> list[Told]:
        """The next records behind the bookmark, oldest first as far as partitions allow it."""
        waiting = [
            self._after(each, bookmark.at(each))
            for each in partitions
            if bookmark.at(each) < self.ends[each]
        ]
        merged = heapq.merge(*waiting, key=attrgetter("recorded_ms"))
        return [told for told, _ in zip(merged, range(limit), strict=False)]

    def _after(self, partition: TopicPartition, offset: int) -> list[Told]:
        found: list[Told] = []
        for told in reversed(self._records[partition]):
            if told.offset < offset:
                break
            found.append(told)
        return found[::-1]
