"""Key dates of people: the day is personal data, so the fact names the kind alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.contracts.contacts import ContactKeyDateSet, ContactState, KeyDate


@dataclass(frozen=True, slots=True)
class SetKeyDate:
    date: KeyDate


def set_date(state: ContactState, date: KeyDate) -> Sequence[ContactState | ContactKeyDateSet]:
    """The snapshot with the day, then the fact; nothing where it is known. One day of each kind."""
    if date in state.key_dates:
        return []
    others = [each for each in state.key_dates if each.kind != date.kind]
    dates = tuple(sorted([*others, date], key=lambda each: each.kind))
    fact = ContactKeyDateSet(contact_id=state.contact_id, kind=date.kind)
    return [state.model_copy(update={"key_dates": dates}), fact]
