"""Merges: decided once, and undone at most once, while the window is open.

What the record that stays had before is kept until then; the merged records keep what they had,
for nobody changes them while they are merged.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any, Protocol, TypeVar
from uuid import UUID

from shared.cause import Cause
from shared.contracts.contacts import FieldChoice
from shared.contracts.topic import Event
from shared.errors import ConflictError, InvalidError, NotFoundError, Refusal

from contacts.changes import Change
from contacts.customers.domain import Customer
from contacts.duplicates.domain import DuplicateCase
from contacts.matching.comparing import disagreeing
from contacts.matching.subjects import EntityType, Traits
from contacts.people.domain import Person
from contacts.records import Recorded, RecordIsErasedError, require_active, require_present

BY_POLICY = "policy:duplicates"
"""Who decides where nobody needs to."""


class MergeNotFoundError(NotFoundError):
    """There is no such merge."""


class MergeIdIsTakenError(ConflictError):
    """This Idempotency-Key belongs to another merge."""


class MergeOfItselfError(InvalidError):
    """A record is merged with others, each named once."""


class KindsDifferError(ConflictError):
    """An organization and an individual are not one party."""


class ApprovalIsOpenError(ConflictError):
    """It is proposed to offboard one of the customers, or to take it back: decide that first."""


class UniqueIdentifiersDifferError(ConflictError):
    """They differ in what one party alone has; say why they are one all the same."""


class RecordHasChangedError(ConflictError):
    """The record has another version than the one that was seen."""


class ChoiceIsUnknownError(InvalidError):
    """A choice names a field that is merged and one of the records."""


class MergeIsFinalError(ConflictError):
    """The time in which the merge could be undone is over."""


class MergeIsNotLastError(ConflictError):
    """Somebody was merged into the same person later; undo that first."""


class Versioned(Protocol):
    """A customer or a person."""

    @property
    def state(self) -> Recorded: ...
    @property
    def version(self) -> int: ...


RecordT = TypeVar("RecordT", Customer, Person)


@dataclass(frozen=True, slots=True)
class MergeRecords:
    """Make these one; `forced_for` is why, although a unique identifier says otherwise."""

    merge_id: UUID
    party: EntityType
    survivor_id: UUID
    merged_ids: tuple[UUID, ...]
    reason_code: str
    decided_by: str
    window: timedelta
    versions: Mapping[UUID, int] = field(default_factory=dict[UUID, int])
    choices: Mapping[str, UUID] = field(default_factory=dict[str, UUID])
    forced_for: str | None = None
    case_id: UUID | None = None

    @property
    def record_ids(self) -> tuple[UUID, ...]:
        """The one that stays first."""
        return (self.survivor_id, *self.merged_ids)


@dataclass(frozen=True, slots=True)
class Merge:
    """What was decided; `kept` is what it takes to undo it, gone when it cannot be any more."""

    merge_id: UUID
    party: EntityType
    survivor_id: UUID
    merged_ids: tuple[UUID, ...]
    fields: tuple[FieldChoice, ...]
    moved: Mapping[str, int]
    kept: Mapping[str, Any] | None
    reason_code: str
    forced_for: str | None
    decided_by: str
    decided_at: datetime
    reversible_until: datetime
    undone_at: datetime | None = None
    undone_by: str | None = None
    undone_for: str | None = None

    @property
    def record_ids(self) -> tuple[UUID, ...]:
        return (self.survivor_id, *self.merged_ids)


def following(cause: Cause, last: datetime | None) -> Cause:
    """Steps of aliases are followed in the order of time: each merge is later than the last."""
    if last is None or last < cause.at:
        return cause
    return replace(cause, at=last + timedelta(microseconds=1))


def decided(
    command: MergeRecords,
    at: datetime,
    fields: tuple[FieldChoice, ...],
    moved: Mapping[str, int],
    kept: Mapping[str, Any],
) -> Merge:
    """The merge that a command has become."""
    return Merge(
        merge_id=command.merge_id,
        party=command.party,
        survivor_id=command.survivor_id,
        merged_ids=command.merged_ids,
        fields=fields,
        moved=moved,
        kept=kept,
        reason_code=command.reason_code,
        forced_for=command.forced_for,
        decided_by=command.decided_by,
        decided_at=at,
        reversible_until=at + command.window,
    )


def told_of(merge: Merge, surest: DuplicateCase | None) -> dict[str, Any]:
    """What the fact of a merge says, of whatever party; the survivor is named by the party's id."""
    return {
        f"{merge.party}_id": merge.survivor_id,
        "merge_id": merge.merge_id,
        "merged_ids": merge.merged_ids,
        "matched_on": surest.matched_on if surest else (),
        "score": surest.score if surest else None,
        "fields": merge.fields,
        "moved": merge.moved,
        "reversible_until": merge.reversible_until,
        "reason_code": merge.reason_code,
        "decided_by": merge.decided_by,
    }


def repeated(merge: Merge, command: MergeRecords) -> Merge:
    """A repeat of the command is answered with what it did, whatever has become of that."""
    if (merge.party, merge.record_ids) != (command.party, command.record_ids):
        raise MergeIdIsTakenError(merge_id=merge.merge_id)
    return merge


def require_several(command: MergeRecords) -> None:
    if len(set(command.record_ids)) != len(command.record_ids):
        raise MergeOfItselfError(field="merged_ids")


def objections(
    command: MergeRecords,
    records: Mapping[UUID, Versioned],
    traits: Sequence[Traits],
    names: Collection[str],
) -> list[Refusal]:
    """Why these records are not merged; the first one is the refusal."""
    return [
        *_not_in_use(records),
        *_stale(command, records),
        *_unknown_choices(command, names),
        *(() if command.forced_for else _vetoes(traits)),
    ]


def _not_in_use(records: Mapping[UUID, Versioned]) -> Iterable[Refusal]:
    for record_id, record in records.items():
        try:
            require_active(record.state)
        except ConflictError as refusal:
            yield type(refusal)(**{**refusal.details, "record_id": record_id})


def _stale(command: MergeRecords, records: Mapping[UUID, Versioned]) -> Iterable[Refusal]:
    for record_id, record in records.items():
        if command.versions.get(record_id, record.version) != record.version:
            yield RecordHasChangedError(record_id=record_id, version=record.version)


def _unknown_choices(command: MergeRecords, names: Collection[str]) -> Iterable[Refusal]:
    for name, record_id in command.choices.items():
        if name not in names or record_id not in command.record_ids:
            yield ChoiceIsUnknownError(field=name, from_id=record_id)


def _vetoes(traits: Sequence[Traits]) -> Iterable[Refusal]:
    for one, other in combinations(traits, 2):
        kinds = disagreeing(one, other)
        if kinds:
            ids = [one.entity_id, other.entity_id]
            yield UniqueIdentifiersDifferError(record_ids=ids, identifiers=kinds)


def require_reversible(merge: Merge, records: Mapping[UUID, Recorded], at: datetime) -> None:
    """Refuse to undo what is too old, or what has gone on since: merged on, or erased."""
    if merge.kept is None or at >= merge.reversible_until:
        raise MergeIsFinalError(merge_id=merge.merge_id, until=merge.reversible_until)
    require_present(records[merge.survivor_id])
    for record_id in merge.merged_ids:
        if records[record_id].record_status != "merged":
            raise RecordIsErasedError(record_id=record_id)


def told(change: Change[RecordT], fact: Event) -> Change[RecordT]:
    """A change with one more fact that says of the record what no field of it says."""
    after = replace(change.after, version=change.after.version + 1)
    return Change(change.before, after, (*change.facts, fact), change.cause)


def undone(merge: Merge, at: datetime, by: str, reason_code: str) -> Merge:
    """What was kept to undo it is not needed any more."""
    return replace(merge, undone_at=at, undone_by=by, undone_for=reason_code, kept=None)
