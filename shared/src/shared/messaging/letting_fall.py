"""Letting fall: which records of a batch are left once those of erased keys are taken out."""

from collections.abc import Sequence

from shared.contracts import TOPICS
from shared.db import Connection
from shared.messaging import erased
from shared.messaging.decoding import Outcome

Key = tuple[str, str]

_ERASED = """
SELECT topic, key FROM erased_keys
WHERE (topic, key) IN (SELECT * FROM unnest($1::text[], $2::text[]))
"""


async def find_erased(connection: Connection, outcomes: Sequence[Outcome]) -> set[Key]:
    """The keys among these that were erased; no erasure begins until the transaction ends.

    The first statement of a batch. Only a key of a compacted topic can be erased: for others there
    is nothing to ask.
    """
    keys = sorted({outcome.key for outcome in outcomes if _is_erasable(outcome)})
    if not keys:
        return set()
    await erased.hold_off(connection)
    rows = await connection.fetch(_ERASED, [topic for topic, _ in keys], [key for _, key in keys])
    return {(row["topic"], row["key"]) for row in rows}


def let_fall(outcomes: Sequence[Outcome], gone: set[Key]) -> tuple[Sequence[Outcome], set[Key]]:
    """What is left to apply, and the keys that end in this batch; pure.

    A tombstone makes its key an erased one, and passes itself: a service may have erased at its
    own before, and another of its consumers not yet.
    """
    left: list[Outcome] = []
    ended: set[Key] = set()
    for outcome in outcomes:
        if _is_tombstone(outcome):
            ended.add(outcome.key)
        elif outcome.key in gone or outcome.key in ended:
            continue
        left.append(outcome)
    return left, ended


def _is_tombstone(outcome: Outcome) -> bool:
    return outcome.raw.value is None and _is_erasable(outcome)


def _is_erasable(outcome: Outcome) -> bool:
    topic = TOPICS.get(outcome.raw.topic)
    return topic is not None and topic.cleanup == "compact"
