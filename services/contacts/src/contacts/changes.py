"""A change: what commands made of one aggregate, ready to be saved and published.

An aggregate is its published snapshot and its version. Facts raise the version by one each; values
that no fact may carry (personal data) reach the state by a snapshot that `decide` puts before the
fact. Of a transaction's snapshots only the last is published, with the version of the last fact.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from shared.cause import Cause
from shared.contracts.topic import Event

from contacts.matching.subjects import Traits

if TYPE_CHECKING:
    from shared.messaging.outbox import Encoded


class Aggregate(Protocol):
    """What has a snapshot on a state topic."""

    @property
    def state(self) -> Event: ...

    @property
    def version(self) -> int: ...


AggregateT = TypeVar("AggregateT", bound=Aggregate)
CommandT = TypeVar("CommandT")
EventT = TypeVar("EventT", bound=Event)


@dataclass(frozen=True, slots=True)
class Ahead:
    """What saving somebody new takes and nobody has to be asked for, made before its turn."""

    published: "Sequence[Encoded]"
    traits: Traits
    keys: frozenset[int]


@dataclass(frozen=True, slots=True)
class Change(Generic[AggregateT]):
    """Before, after, and the facts in between; no facts: nothing happened."""

    before: AggregateT | None
    after: AggregateT
    facts: tuple[Event, ...]
    cause: Cause | None = None
    ahead: Ahead | None = None

    def then(self, later: "Change[AggregateT]") -> "Change[AggregateT]":
        """This change and one that was decided on what it made, as one."""
        return Change(self.before, later.after, (*self.facts, *later.facts), self.cause)


def carry_out(
    before: AggregateT | None,
    commands: Iterable[CommandT],
    decide: Callable[[AggregateT | None, CommandT], Sequence[EventT]],
    evolve: Callable[[AggregateT | None, EventT], AggregateT],
) -> Change[AggregateT]:
    """Decide the commands one after the other, each on what the one before it made."""
    current = before
    facts: list[Event] = []
    for command in commands:
        for event in decide(current, command):
            current = evolve(current, event)
            if not event.type.endswith(".state.v1"):
                facts.append(event)
    assert current is not None
    return Change(before, current, tuple(facts))


def differing(state: Event, profile: Mapping[str, Any]) -> dict[str, Any]:
    """Those of these values that the snapshot does not have already."""
    return {name: value for name, value in profile.items() if getattr(state, name) != value}
