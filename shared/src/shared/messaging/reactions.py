"""What a consumer does with which fact: the table that an aggregate's `consumers.py` fills."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from shared.contracts.topic import Event, Topic
from shared.db import Connection
from shared.messaging.envelope import Envelope, Received

EventT = TypeVar("EventT", bound=Event)

Handle: TypeAlias = Callable[[Connection, Sequence[Received[Any]]], Awaitable[None]]
Erase: TypeAlias = Callable[[Connection, Sequence[Envelope]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Run:
    """Records that one handler takes at once, in their order."""

    handle: Handle
    records: list[Received[Event]]


@dataclass(eq=False)
class Consumer:
    """One consumer group: facts and the functions that react to them.

    A `reaction` has side effects: each event is claimed in the inbox in the transaction of its
    effect. A `projection` writes only rows guarded by the aggregate's version, and needs no inbox.
    `name` is `<service>.<purpose>`; it is the group's id and the owner of what it parks.

    A snapshot that is published again by a resync is no news: it repairs a projection, and a
    reaction passes over it, unless it `takes_resyncs` because all that it writes is guarded.
    """

    name: str
    is_projection: bool = False
    takes_resyncs: bool = False
    max_records: int = 500
    handlers: dict[str, Handle] = field(default_factory=dict[str, Handle])
    erasers: dict[str, Erase] = field(default_factory=dict[str, Erase])
    forward: Handle | None = None
    topics: set[Topic] = field(default_factory=set[Topic])

    @property
    def service(self) -> str:
        """The service that runs it."""
        return self.name.split(".", 1)[0]

    def on(
        self, fact: type[EventT]
    ) -> Callable[
        [Callable[[Connection, Received[EventT]], Awaitable[None]]],
        Callable[[Connection, Received[EventT]], Awaitable[None]],
    ]:
        """React to one fact at a time, inside the transaction of its batch."""

        def register(
            react: Callable[[Connection, Received[EventT]], Awaitable[None]],
        ) -> Callable[[Connection, Received[EventT]], Awaitable[None]]:
            async def one_by_one(
                connection: Connection, records: Sequence[Received[EventT]]
            ) -> None:
                for record in records:
                    await react(connection, record)

            self._register(one_by_one, fact)
            return react

        return register

    def on_batch(self, *facts: type[Event]) -> Callable[[Handle], Handle]:
        """React to many facts by one call: the same handler gets all these types, in order.

        Order holds per key; records of other keys may have been moved next to each other.
        """

        def register(handle: Handle) -> Handle:
            for fact in facts:
                self._register(handle, fact)
            return handle

        return register

    def on_any(self, *topics: Topic) -> Callable[[Handle], Handle]:
        """Forward what stands in these topics unread, as `Unread`: types to come too.

        A consumer that forwards does nothing else.
        """

        def register(handle: Handle) -> Handle:
            self.forward = handle
            self.topics.update(topics)
            return handle

        return register

    def on_tombstones(self, topic: Topic) -> Callable[[Erase], Erase]:
        """React to the end of keys of a compacted topic; without this they are skipped."""

        def register(erase: Erase) -> Erase:
            self.erasers[topic.name] = erase
            self.topics.add(topic)
            return erase

        return register

    def _register(self, handle: Handle, fact: type[Event]) -> None:
        if fact.type in self.handlers:
            raise ValueError(f"{self.name} handles {fact.type} twice")
        self.handlers[fact.type] = handle
        self.topics.add(fact.topic)

    def runs(self, records: Sequence[Received[Event]]) -> list[Run]:
        """Group records into as few runs as keep the order of each key of each topic."""
        runs: list[Run] = []
        last_run_of_key: dict[tuple[str, str], int] = {}
        newest_run_of_handler: dict[Handle, int] = {}
        for record in records:
            handle = self.forward or self.handlers[record.envelope.type]
            key = (record.envelope.topic, record.envelope.key)
            index = newest_run_of_handler.get(handle, -1)
            if index < last_run_of_key.get(key, 0):
                index = len(runs)
                runs.append(Run(handle, []))
                newest_run_of_handler[handle] = index
            runs[index].records.append(record)
            last_run_of_key[key] = index
        return runs
