"""What of a change is published."""

from collections.abc import Iterable

from shared.messaging.outbox import Fact

from contacts.changes import AggregateT, Change


def published(changes: Iterable[Change[AggregateT]]) -> list[Fact]:
    """Of each change the facts with their versions, then the snapshot with the last of them."""
    return [fact for change in changes for fact in _published(change)]


def _published(change: Change[AggregateT]) -> list[Fact]:
    first = change.after.version - len(change.facts) + 1
    facts = [Fact(fact, first + n, change.cause) for n, fact in enumerate(change.facts)]
    return [*facts, Fact(change.after.state, change.after.version, change.cause)]
