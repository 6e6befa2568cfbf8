"""A change of a record, field by field, and on whose behalf it was made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from pydantic_core import to_jsonable_python
from shared.cause import Cause

Behalf: TypeAlias = Literal["user", "import", "reaction", "policy"]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field's value before and after, as JSON has it."""

    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Changed:
    """What one transaction made of a record; `before` is None at its beginning."""

    about: UUID
    part: str
    version: int
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]
    cause: Cause


@dataclass(frozen=True, slots=True)
class RecordChange:
    """An entry of a history."""

    change_id: int
    about: UUID
    part: str
    version: int
    changed_at: datetime
    actor: str
    correlation_id: str
    causation_id: str | None
    fields: Mapping[str, FieldChange]

    @property
    def on_behalf_of(self) -> Behalf:
        """A person, a file, a fact elsewhere, or a rule of ours that was due."""
        if self.causation_id is not None:
            return "reaction"
        kind = self.actor.partition(":")[0]
        return "user" if kind == "user" else "import" if kind == "import" else "policy"


def differences(changed: Changed) -> dict[str, tuple[Any, Any]] | None:
    """Before and after of each field that differs; None where nothing is to be told.

    Of a beginning there are none: what the fields were at first stands in the first change.
    """
    before = changed.before
    if before is None:
        return {}
    differing = {
        name: (to_jsonable_python(before.get(name)), to_jsonable_python(value))
        for name, value in changed.after.items()
        if before.get(name) != value
    }
    return differing or None
