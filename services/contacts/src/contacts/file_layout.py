"""The layout of a file, and what becomes of its rows: plain values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias
from uuid import UUID

from shared.cause import Cause

EntityType: TypeAlias = Literal["customer", "contact"]
Mode: TypeAlias = Literal["create", "upsert"]
OnDuplicate: TypeAlias = Literal["create", "skip", "update", "case"]
"""What becomes of a row about somebody who is known: refused or made anew, left out, brought up to
date, or made anew as one half of a duplicate case."""

RowIs: TypeAlias = Literal["rejected", "skipped", "imported"]
FileFormat: TypeAlias = Literal["csv", "vcard"]
PresetName: TypeAlias = Literal["rapport", "hubspot", "salesforce"]
Delimiter: TypeAlias = Literal[",", ";", "\t", "|"]

ACQUISITION = "acquisition_"
EXTERNAL_ID = "external_id:"
CUSTOMER_EXTERNAL_ID = "customer_external_id:"
KNOWN = "already-known"

OPTED_OUT = "opted_out:"
"""Before a channel, and a purpose where it is about one alone: `opted_out:email:newsletter`."""

UNREADABLE = "unreadable"
"""Where a reader of files says why it could not read a row."""

_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def numbered(name: str, number: int) -> str:
    """The field of the second, third … value of a kind: `email`, `email_2`, `email_3`."""
    return name if number == 1 else f"{name}_{number}"


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row, or a cell of it alone, was not imported; `field` is where, in our words."""

    row: int
    field: str | None
    reason: str
    row_is: RowIs = "rejected"


@dataclass(frozen=True)
class Layout:
    """Which column holds which field, and what every row says besides."""

    header: Sequence[str]
    mapping: Mapping[str, str]
    constants: Mapping[str, str]

    @cached_property
    def fields(self) -> list[str | None]:
        return [self.mapping.get(column) for column in self.header]

    def column_of(self, name: str | None) -> str | None:
        """The column of a field; a field without one is a constant's, and names itself."""
        return next((column for column, held in self.mapping.items() if held == name), name)

    def said_by(self, cells: Sequence[str]) -> dict[str, str]:
        """The row's fields; an empty cell says nothing. Several columns may say who opted out."""
        said = dict(self.constants)
        for name, cell in zip(self.fields, cells, strict=True):
            if name is not None and (text := plain_cell(cell.strip())):
                is_more = name in said and name.startswith(OPTED_OUT)
                said[name] = f"{said[name]};{text}" if is_more else text
        return said


@dataclass(frozen=True, slots=True)
class Batch:
    """What rows are imported as."""

    import_id: UUID
    on_duplicate: OnDuplicate
    dry_run: bool
    cause: Cause


@dataclass(slots=True)
class Tally:
    """What became of rows."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    errors: list[RowError] = field(default_factory=list[RowError])

    def reject(self, row: int, name: str | None, reason: str) -> None:
        self.errors.append(RowError(row, name, reason))

    def count(self, *, is_new: bool, has_changed: bool) -> None:
        if is_new:
            self.created += 1
        elif has_changed:
            self.updated += 1
        else:
            self.unchanged += 1

    def note(self, row: int, name: str | None, reason: str) -> None:
        """The row is imported, but not all that it says, or not as it stands."""
        self.errors.append(RowError(row, name, reason, "imported"))

    def skip(self, row: int, name: str | None) -> None:
        """The row is about somebody who is known and is left as they are."""
        self.unchanged += 1
        self.errors.append(RowError(row, name, KNOWN, "skipped"))


def harmless_cell(value: object) -> str:
    """The cell so that no spreadsheet takes it for a formula: `=1+1` is `'=1+1`."""
    text = "" if value is None else str(value)
    return f"'{text}" if _FORMULA.match(text) else text


def plain_cell(text: str) -> str:
    """What a cell says, without the apostrophe by which it is harmless."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
