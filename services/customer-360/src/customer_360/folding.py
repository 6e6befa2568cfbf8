"""Folding: a row is what remains of the facts of one aggregate, in their order.

A fact that is not newer than the row leaves it as it is, so repeats change nothing. A gap in the
versions is no fault: order per aggregate is promised, and the last version wins.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from uuid import UUID

from shared.contracts.topic import Event

EventT = TypeVar("EventT", bound=Event)


class Row(Protocol):
    """A frozen dataclass whose first field is its key; a row that holds nothing has version 0."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def version(self) -> int:
        """The version of the aggregate that the row shows."""
        ...


RowT = TypeVar("RowT", bound=Row)


class Stamp(Protocol):
    """What a fold reads of a fact's envelope."""

    @property
    def version(self) -> int:
        """The version that the aggregate reached by the fact."""
        ...

    @property
    def time(self) -> datetime:
        """When the fact happened, in business terms."""
        ...


EventT_co = TypeVar("EventT_co", bound=Event, covariant=True)


class Arrived(Protocol[EventT_co]):
    """A fact with its envelope, as the consumer loop decodes it."""

    @property
    def envelope(self) -> Stamp:
        """Where it stands among the facts of its aggregate."""
        ...

    @property
    def event(self) -> EventT_co:
        """The fact itself."""
        ...


@dataclass(frozen=True, eq=False)
class Fold(Generic[RowT]):
    """A pure function from a row and a fact to the next row, put together from one step per fact.

    `key` names the field of the facts that holds the aggregate's id; `start` makes the row of an
    aggregate of which nothing is known but one of its facts, with that fact's version; a step
    makes a row of its own or answers the one it got, and the version is set after it.
    """

    key: str
    start: Callable[[Arrived[Any]], RowT]
    steps: dict[type[Event], Callable[[RowT, Any], RowT]] = field(
        default_factory=dict[type[Event], Callable[[RowT, Any], RowT]]
    )

    def on(
        self, fact: type[EventT]
    ) -> Callable[[Callable[[RowT, EventT], RowT]], Callable[[RowT, EventT], RowT]]:
        """Declare what a fact does to a row."""

        def register(step: Callable[[RowT, EventT], RowT]) -> Callable[[RowT, EventT], RowT]:
            self.steps[fact] = step
            return step

        return register

    @property
    def builds_on_rows(self) -> bool:
        """Whether a row depends on what was before; one of snapshots only depends on the last."""
        return any(fact.type != fact.topic.name for fact in self.steps)

    def key_of(self, event: Event) -> UUID:
        """The aggregate that a fact is about."""
        key: UUID = getattr(event, self.key)
        return key

    def __call__(self, row: RowT | None, received: Arrived[Event]) -> RowT:
        """The row after this fact."""
        version, event = received.envelope.version, received.event
        before = row if row is not None else self.start(received)
        if row is not None and version <= row.version:
            return row
        after = self.steps[type(event)](before, event)
        if after is before:
            return replace(after, version=version)
        object.__setattr__(after, "version", version)  # nobody else has seen this row yet
        return after

    def all(self, stored: Mapping[UUID, RowT], received: Iterable[Arrived[Event]]) -> list[RowT]:
        """The rows that these facts change, starting from what is stored."""
        folded: dict[UUID, RowT] = {}
        for fact in received:
            key = self.key_of(fact.event)
            before = folded.get(key, stored.get(key))
            after = self(before, fact)
            if after is not before:
                folded[key] = after
        return list(folded.values())
