"""Whether the record of a person is in use, put away, merged or erased."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.contracts.contacts import (
    ContactArchived,
    ContactRecordStatusChanged,
    ContactRestored,
    ContactState,
)

from contacts import verified_points
from contacts.records import (
    MergeRecord,
    StatusCommand,
    UnmergeRecord,
    merged_into_after,
    require_present,
    status_after,
)


@dataclass(frozen=True, slots=True)
class ArchivePerson:
    """Put the record away: it is found when asked for, and offered no longer."""

    reason_code: str


@dataclass(frozen=True, slots=True)
class RestorePerson:
    """Take an archived record into use again."""


def put_away_or_back(
    state: ContactState, command: ArchivePerson | RestorePerson
) -> Sequence[ContactArchived | ContactRestored]:
    """Put the record away, or take it out again."""
    require_present(state)
    match command:
        case ArchivePerson(reason_code=reason_code) if state.record_status == "active":
            return [ContactArchived(contact_id=state.contact_id, reason_code=reason_code)]
        case RestorePerson() if state.record_status == "archived":
            return [ContactRestored(contact_id=state.contact_id)]
        case _:
            return []


def change_status(
    state: ContactState, command: StatusCommand
) -> Sequence[ContactState | ContactRecordStatusChanged]:
    """An erased person has no name, no address and no part in anything any more."""
    status = status_after(state, command)
    if status == state.record_status:
        return []
    fact = ContactRecordStatusChanged(
        contact_id=state.contact_id,
        from_status=state.record_status,
        to_status=status,
        request_id=command.request_id,
    )
    if isinstance(command, MergeRecord | UnmergeRecord):
        into = merged_into_after(state, command)
        points = verified_points.unverified(state.points)
        return [state.model_copy(update={"merged_into": into, "points": points}), fact]
    if status != "erased":
        return [fact]
    nameless = ContactState(
        contact_id=state.contact_id, created_at=state.created_at, merged_into=state.merged_into
    )
    return [nameless, fact]
