"""The status of a record: whether it is in use, put away, or gone, and what that allows.

Facts elsewhere still move an archived record; people change active ones only.
"""

from typing import Protocol
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
