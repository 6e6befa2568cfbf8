"""The status of a record: whether it is in use, put away, or gone, and what that allows.

Facts elsewhere still move an archived record; people change active ones only.
"""

from dataclasses import dataclass
from typing import Protocol, TypeAlias, assert_never
from uuid import UUID

from shared.contracts.contacts import RecordStatus
from shared.errors import ConflictError


class Recorded(Protocol):
    """A snapshot that says where its record stands."""

    @property
    def record_status(self) -> RecordStatus: ...

    @property
    def merged_into(self) -> UUID | None: ...


class RecordIsArchivedError(ConflictError):
    """The record is archived; restore it first."""


class RecordIsMergedError(ConflictError):
    """The record was merged into another; ask for that one."""


class RecordIsErasedError(ConflictError):
    """The record is erased, or about to be; it cannot be changed any more."""


class RecordIsRestrictedError(ConflictError):
    """The person asked that nobody processes the record; lift the restriction first."""


GONE = (RecordIsMergedError, RecordIsErasedError)
NOT_IN_USE = (RecordIsArchivedError, *GONE)
"""What `require_present` and `require_active` refuse with."""


@dataclass(frozen=True, slots=True)
class AwaitErasure:
    """Leave the record alone from now on: it is to be erased."""

    request_id: UUID


@dataclass(frozen=True, slots=True)
class KeepRecord:
    """It is not erased after all, and stands where it stood before."""

    request_id: UUID
    status: RecordStatus


@dataclass(frozen=True, slots=True)
class EraseRecord:
    """Forget who it was; the record itself stays, so that nobody makes it again."""

    request_id: UUID


@dataclass(frozen=True, slots=True)
class MergeRecord:
    """It is an alias of another from now on; `request_id` is the merge."""

    request_id: UUID
    into: UUID


@dataclass(frozen=True, slots=True)
class UnmergeRecord:
    """It is a record of its own again."""

    request_id: UUID


StatusCommand: TypeAlias = AwaitErasure | KeepRecord | EraseRecord | MergeRecord | UnmergeRecord


def status_after(state: Recorded, command: StatusCommand) -> RecordStatus:
    """Where a command puts the record; where it is, for a repeat. Raises the refusals above."""
    match command:
        case AwaitErasure():
            if state.record_status != "erasure-pending":
                require_present(state)
            return "erasure-pending"
        case KeepRecord(status=status):
            return status if state.record_status == "erasure-pending" else state.record_status
        case EraseRecord():
            return "erased"
        case MergeRecord(into=into):
            if state.merged_into != into:
                require_active(state)
            return "merged"
        case UnmergeRecord():
            return "active" if state.record_status == "merged" else state.record_status
        case _:
            assert_never(command)


def merged_into_after(state: Recorded, command: StatusCommand) -> UUID | None:
    """Of whom the record is an alias after a command."""
    match command:
        case MergeRecord(into=into):
            return into
        case UnmergeRecord():
            return None
        case AwaitErasure() | KeepRecord() | EraseRecord():
            return state.merged_into
        case _:
            assert_never(command)


def require_active(state: Recorded) -> None:
    """Refuse what people may do to active records only."""
    if state.record_status == "archived":
        raise RecordIsArchivedError
    require_present(state)


def require_present(state: Recorded) -> None:
    """Refuse what cannot be done to a record that is gone."""
    if state.record_status == "merged":
        raise RecordIsMergedError(merged_into=state.merged_into)
    if state.record_status in {"erasure-pending", "erased"}:
        raise RecordIsErasedError


def is_present(state: Recorded) -> bool:
    """Whether facts elsewhere still concern this record: it is active or archived."""
    return state.record_status in {"active", "archived"}
