"""The fields of a person's record: who they are and what they do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.contracts.contacts import ContactState, ContactUpdated

from contacts.changes import differing


@dataclass(frozen=True, slots=True)
class UpdatePerson:
    profile: Mapping[str, Any]
    import_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ReplaceFields:
    """Exactly these values, points and memberships too: what a merge, or its undoing, makes."""

    profile: Mapping[str, Any]


def change_fields(
    state: ContactState, profile: Mapping[str, Any], import_id: UUID | None
) -> Sequence[ContactState | ContactUpdated]:
    """The snapshot with these values, then the fact; nothing where it has them already."""
    changed = differing(state, profile)
    if not changed:
        return []
    fact = ContactUpdated(
        contact_id=state.contact_id,
        changed_fields=tuple(sorted(changed)),
        import_id=import_id,
    )
    return [state.model_copy(update=changed), fact]
