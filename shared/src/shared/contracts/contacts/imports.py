"""Imports: runs of files."""

from typing import Literal
from uuid import UUID

from shared.contracts.topic import Event, events_topic

IMPORT_EVENTS = events_topic(
    "contacts", "import", key="import_id", holds="runs of file imports", personal_data="none"
)


@IMPORT_EVENTS.fact("started")
class ImportStarted(Event):
    """An import of a file began to write (a dry run publishes nothing)."""

    import_id: UUID
    entity_type: Literal["customer", "contact"]
    source_label: str
    file_hash: str
    mode: Literal["create", "upsert"]
    rows: int | None = None


@IMPORT_EVENTS.fact("completed")
class ImportCompleted(Event):
    """An import wrote every good row and listed every bad one.

    `duplicates` counts the cases that were opened of new records; `error_report_ref` is the path at
    contacts of what is wrong with which row.
    """

    import_id: UUID
    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    duration_ms: int
    duplicates: int = 0
    error_report_ref: str | None = None


@IMPORT_EVENTS.fact("failed")
class ImportFailed(Event):
    """An import cannot go on with this file; what was written stays and can be resumed."""

    import_id: UUID
    last_row: int
    reason_code: str
    resumable: bool
