"""Imports: validating (a dry run) or running ⇄ paused → completed | failed (and resumable).

Pausing and resuming are nobody else's business and no facts, so a step answers the import as it is
then, and the facts that follow.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from shared.contracts.contacts import ImportCompleted, ImportFailed, ImportStarted
from shared.errors import ConflictError, InvalidError, NotFoundError

from contacts.file_layout import (
    CUSTOMER_EXTERNAL_ID,
    EXTERNAL_ID,
    OPTED_OUT,
    UNREADABLE,
    Delimiter,
    EntityType,
    FileFormat,
    Layout,
    Mode,
    OnDuplicate,
    PresetName,
    Tally,
)

Status: TypeAlias = Literal["validating", "running", "paused", "completed", "failed"]
ImportEvent: TypeAlias = ImportStarted | ImportCompleted | ImportFailed
Step: TypeAlias = "tuple[Import, Sequence[ImportEvent]]"


class ImportNotFoundError(NotFoundError):
    """There is no such import."""


class ImportIdIsTakenError(ConflictError):
    """This Idempotency-Key belongs to an import of another file or specification."""


class ImportIsOverError(ConflictError):
    """The import is complete."""


class ImportIsNotRunningError(ConflictError):
    """The import is not running."""


class ColumnUnknownError(InvalidError):
    """The mapping names columns that the header lacks or has twice; mind the delimiter."""


class FieldUnknownError(InvalidError):
    """There are no such fields."""


class FieldMappedTwiceError(InvalidError):
    """Only one column can hold a field."""


class FieldMissingError(InvalidError):
    """Neither mapping nor constants give what every row must have."""


class MappingMissingError(InvalidError):
    """The header is of no system that we know: say by a mapping which column holds which field."""


class CardsNeedNoMappingError(InvalidError):
    """vCards are people, and say themselves what is what: no mapping, entity_type `contact`."""


@dataclass(frozen=True, slots=True)
class Spec:
    """How to read the file and what to do with it."""

    entity_type: EntityType
    source_label: str
    on_duplicate: OnDuplicate
    dry_run: bool
    mapping: Mapping[str, str]
    constants: Mapping[str, str]
    delimiter: Delimiter = ","
    format: FileFormat = "csv"
    preset: PresetName | None = None

    @property
    def mode(self) -> Mode:
        """What the facts call it."""
        return "upsert" if self.on_duplicate == "update" else "create"


@dataclass(frozen=True, slots=True)
class Import:
    """One run over one file; `blocks_done` is where it goes on after a pause or a crash."""

    import_id: UUID
    entity_type: EntityType
    source_label: str
    mode: Mode
    on_duplicate: OnDuplicate
    dry_run: bool
    mapping: Mapping[str, str]
    constants: Mapping[str, str]
    header: Sequence[str]
    file_hash: str
    status: Status
    rows_total: int
    correlation_id: str
    traceparent: str
    started_at: datetime
    version: int = 1
    failure: str | None = None
    rows_done: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    duplicates: int = 0
    blocks_done: int = 0
    last_row: int = 1
    duration_ms: int | None = None

    @property
    def ignored_columns(self) -> list[str]:
        """The columns that nothing is read from."""
        return [column for column in self.header if column not in self.mapping]

    @property
    def layout(self) -> Layout:
        return Layout(self.header, self.mapping, self.constants)


def check(spec: Spec, header: Sequence[str], fields: Container[str]) -> None:
    """Raise what is wrong with a mapping before anything is written; `fields` are what there is."""
    unknown = sorted(column for column in spec.mapping if header.count(column) != 1)
    if unknown:
        raise ColumnUnknownError(field="spec.mapping", columns=unknown, header_columns=len(header))
    held = list(spec.mapping.values())
    single = [name for name in held if not name.startswith(OPTED_OUT)]
    twice = sorted({name for name in single if single.count(name) > 1})
    if twice:
        raise FieldMappedTwiceError(field="spec.mapping", fields=twice)
    given = {*held, *spec.constants}
    nonsense = sorted(name for name in given if not _is_field(spec, name, fields))
    if nonsense:
        raise FieldUnknownError(field="spec.mapping", fields=nonsense)
    if missing := _missing(spec, given):
        raise FieldMissingError(field="spec.mapping", fields=missing)


def _is_field(spec: Spec, name: str, fields: Container[str]) -> bool:
    """Whether rows of this kind have the field; external ids name their system after the colon."""
    prefixes = (
        [EXTERNAL_ID] if spec.entity_type == "customer" else [EXTERNAL_ID, CUSTOMER_EXTERNAL_ID]
    )
    if name == UNREADABLE:
        return spec.format == "vcard"
    return name in fields or any(
        name.startswith(prefix) and len(name) > len(prefix) for prefix in prefixes
    )


def _missing(spec: Spec, given: set[str]) -> list[str]:
    """What a row must have: to be one at all, and to be known, if that matters."""
    is_customer = spec.entity_type == "customer"
    missing = [name for name in ("kind", "display_name") if is_customer and name not in given]
    if spec.on_duplicate != "create":
        is_named = any(name.startswith(EXTERNAL_ID) for name in given)
        if not is_named and (is_customer or "email" not in given):
            missing.append(EXTERNAL_ID if is_customer else "email")
    return missing


def start(run: Import) -> Step:
    """A dry run publishes nothing, ever."""
    if run.dry_run:
        return replace(run, status="validating"), []
    started = ImportStarted(
        import_id=run.import_id,
        entity_type=run.entity_type,
        source_label=run.source_label,
        file_hash=run.file_hash,
        mode=run.mode,
        rows=run.rows_total,
    )
    return run, [started]


def is_repeat(existing: Import, spec: Spec, file_hash: str) -> bool:
    """Whether the same file is sent again to be read in the same way."""
    return (
        existing.file_hash == file_hash
        and (existing.entity_type, existing.on_duplicate, existing.dry_run, existing.source_label)
        == (spec.entity_type, spec.on_duplicate, spec.dry_run, spec.source_label)
        and (existing.mapping, existing.constants) == (spec.mapping, spec.constants)
    )


def advance(run: Import, tally: Tally, rows: int, last_row: int) -> Import:
    """One block is done; a rejected row counts once, however many errors it has."""
    return replace(
        run,
        rows_done=run.rows_done + rows,
        created=run.created + tally.created,
        updated=run.updated + tally.updated,
        unchanged=run.unchanged + tally.unchanged,
        rejected=run.rejected
        + len({error.row for error in tally.errors if error.row_is == "rejected"}),
        duplicates=run.duplicates + tally.duplicates,
        blocks_done=run.blocks_done + 1,
        last_row=last_row,
    )


def pause(run: Import) -> Import:
    """Stop after the block in hand; raises `ImportIsNotRunningError`."""
    if run.status == "paused":
        return run
    if run.status not in ("validating", "running"):
        raise ImportIsNotRunningError(import_id=run.import_id, status=run.status)
    return replace(run, status="paused")


def resume(run: Import) -> Import:
    """Go on where it stopped, after a pause or a failure; raises `ImportIsOverError`."""
    match run.status:
        case "paused" | "failed":
            return replace(run, status="validating" if run.dry_run else "running", failure=None)
        case "validating" | "running":
            return run
        case "completed":
            raise ImportIsOverError(import_id=run.import_id)


def finish(run: Import, at: datetime) -> Step:
    """Every block is done."""
    duration_ms = max(0, round((at - run.started_at).total_seconds() * 1000))
    done = replace(run, status="completed", duration_ms=duration_ms)
    if run.dry_run:
        return done, []
    completed = ImportCompleted(
        import_id=run.import_id,
        rows=run.rows_done,
        created=run.created,
        updated=run.updated,
        unchanged=run.unchanged,
        rejected=run.rejected,
        duration_ms=duration_ms,
        duplicates=run.duplicates,
        error_report_ref=f"/v1/imports/{run.import_id}/errors.csv",
    )
    return replace(done, version=run.version + 1), [completed]


def fail(run: Import, reason_code: str) -> Step:
    """A block cannot be done; what was written stays, and a resume tries the block again."""
    failed = replace(run, status="failed", failure=reason_code)
    if run.dry_run:
        return failed, []
    fact = ImportFailed(
        import_id=run.import_id, last_row=run.last_row, reason_code=reason_code, resumable=True
    )
    return replace(failed, version=run.version + 1), [fact]
