"""What of a change is published."""

from collections.abc import Iterable, Sequence

from shared.messaging.outbox import Encoded, Fact, Tombstone

from contacts.changes import AggregateT, Change


def published(changes: Iterable[Change[AggregateT]]) -> list[Fact | Tombstone | Encoded]:
    """Of each change the facts with their versions, then the snapshot with the last of them.

    Of what was erased there is no snapshot: a tombstone ends its key.
    """
    return [fact for change in changes for fact in published_of(change)]


def published_of(change: Change[AggregateT]) -> Sequence[Fact | Tombstone | Encoded]:
    if change.ahead is not None:
        return change.ahead.published
    first = change.after.version - len(change.facts) + 1
    facts = [Fact(fact, first + n, change.cause) for n, fact in enumerate(change.facts)]
    return [*facts, _end(change)]


def _end(change: Change[AggregateT]) -> Fact | Tombstone:
    state, version = change.after.state, change.after.version
    if getattr(state, "record_status", None) == "erased":
        return Tombstone(state.topic, state.record_key, version)
    return Fact(state, version, change.cause)
