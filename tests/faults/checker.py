"""The checker: lost, duplicated, reordered, stale; each named separately, with its ids.

It is pure: it looks at what the client was told and at what stands on the topics, at nothing else.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tests.faults.history import Command, Look

Sort = Literal["lost", "duplicated", "reordered", "stale"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A record of a topic, as far as the checker asks: whose, which version, by which id."""

    topic: str
    aggregate_id: str
    version: int
    event_id: str
    fact: str
    is_snapshot: bool = False
    is_resync: bool = False
    merge_id: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken promise, told with its ids."""

    sort: Sort
    told: str

    def __str__(self) -> str:
        return f"{self.sort.upper()}: {self.told}"


def check(
    commands: Iterable[Command],
    seen: Iterable[Seen],
    looks: Iterable[Look],
    merged: Collection[str] = (),
) -> list[Fault]:
    """Every fault of a run. `seen` is in the order of the topics' partitions.

    `merged` are the records that were ever merged into others: whose view shows them depends on
    when it was looked at.
    """
    by_aggregate: dict[tuple[str, str], list[Seen]] = defaultdict(list)
    for record in seen:
        by_aggregate[record.topic, record.aggregate_id].append(record)
    faults = lost(commands, by_aggregate)
    for records in by_aggregate.values():
        faults += duplicated(records)
        faults += reordered(records)
    return faults + stale(looks, merged)


def lost(
    commands: Iterable[Command], by_aggregate: dict[tuple[str, str], list[Seen]]
) -> list[Fault]:
    """Acknowledged, and not on the topic."""
    faults: list[Fault] = []
    for command in commands:
        if command.outcome != "acknowledged":
            continue
        for promise in command.promises:
            records = by_aggregate.get((promise.topic, promise.aggregate_id), [])
            wanted: object = promise.version
            found: set[object] = {r.version for r in records}
            if promise.version is None:
                wanted = f"{promise.fact} {promise.merge_id or ''}"
                found = {f"{r.fact} {r.merge_id or ''}" for r in records}
            if wanted not in found:
                told = (
                    f"{command.name} {command.key} was acknowledged with {wanted} of"
                    f" {promise.aggregate_id}, and {promise.topic} has {_brief(found)}"
                )
                faults.append(Fault("lost", told))
    return faults


def duplicated(records: Sequence[Seen]) -> list[Fault]:
    """One version of one aggregate under two ids: two facts, where a repeat would be the same.

    A resync publishes a snapshot again under the version that it has, and says so.
    """
    ids: dict[int, set[str]] = defaultdict(set)
    for record in records:
        if not record.is_resync:
            ids[record.version].add(record.event_id)
    return [
        Fault(
            "duplicated",
            f"version {version} of {records[0].aggregate_id} stands on {records[0].topic}"
            f" under {len(found)} ids: {', '.join(sorted(found))}",
        )
        for version, found in ids.items()
        if len(found) > 1
    ]


def reordered(records: Sequence[Seen]) -> list[Fault]:
    """First appearances do not rise, or leave a hole; only snapshots may skip versions."""
    faults: list[Fault] = []
    seen: set[str] = set()
    highest = 0
    for record in records:
        if record.event_id in seen:
            continue
        seen.add(record.event_id)
        is_next = record.version == highest + 1
        rises = is_next or (record.is_snapshot and record.version > highest)
        if not rises and record.version != highest:  # the same version again is a duplicate
            told = (
                f"{record.aggregate_id} on {record.topic} went from version {highest}"
                f" to {record.version} (event {record.event_id})"
            )
            faults.append(Fault("reordered", told))
        highest = max(highest, record.version)
    return faults


def stale(looks: Iterable[Look], merged: Collection[str] = ()) -> list[Fault]:
    """An answer without what was asked for that does not say so, or one older than the last."""
    faults: list[Fault] = []
    newest: dict[tuple[str, str], int] = {}
    for look in looks:
        is_certain = look.customer_id not in merged and not look.is_stale
        if look.wanted is not None and look.wanted[0] not in merged and is_certain:
            aggregate_id, version = look.wanted
            if look.shown is None or look.shown < version:
                told = (
                    f"{look.reader} asked for version {version} of {aggregate_id} in the view of"
                    f" {look.customer_id} and was shown {look.shown}, not called stale"
                )
                faults.append(Fault("stale", told))
        key = look.reader, look.customer_id
        if look.profile_version < newest.get(key, 0):
            told = (
                f"{look.reader} saw version {newest[key]} of the view of {look.customer_id},"
                f" and then {look.profile_version}"
            )
            faults.append(Fault("stale", told))
        newest[key] = max(look.profile_version, newest.get(key, 0))
    return faults


def _brief(found: Iterable[object]) -> str:
    ordered = sorted(map(str, found))
    return ", ".join(ordered[-5:]) if ordered else "nothing of it"
