"""Imports over HTTP: a CSV file and how to read it."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Form, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from shared.auth import Caller, Reader, allow
from shared.http.refusing import refuses
from shared.http.requests import Cursor, Database, Limit, NewId, Page, Text, page_of, read_cursor

from contacts.csv_files import FileEncodingError, FileIsEmptyError, FileIsNotCsvError, write_rows
from contacts.file_layout import Delimiter, EntityType, FileFormat, Mode, OnDuplicate, PresetName
from contacts.imports import domain, handlers, store
from contacts.imports.domain import (
    CardsNeedNoMappingError,
    ColumnUnknownError,
    FieldMappedTwiceError,
    FieldMissingError,
    FieldUnknownError,
    Import,
    ImportIdIsTakenError,
    ImportIsNotRunningError,
    ImportIsOverError,
    ImportNotFoundError,
    MappingMissingError,
    Spec,
    Status,
)
from contacts.vcard_files import FileIsNotVcardError

router = APIRouter(prefix="/v1/imports", tags=["imports"])
Importer = Annotated[Caller, Depends(allow("marketing", "sales", "integration"))]

_POLICIES: Mapping[Mode, OnDuplicate] = {"create": "create", "upsert": "update"}


class SpecIn(BaseModel):
    """How to read the file: which column holds which field, and what every row says besides.

    `on_duplicate` says what becomes of a row about somebody who is known, a customer by external
    id, a person by external id or e-mail. `create`: it is refused where the external id is taken,
    else made a record of its own. `skip`: who is known is left as they are. `update`: they are
    brought up to date; an empty cell says nothing, an address is added. `case`: a record of its
    own, and a duplicate case of the two.

    For an export of HubSpot, Salesforce or Rapport the preset says it; it is seen by the header
    where neither preset nor mapping is given. vCards need neither.
    """

    model_config = ConfigDict(extra="forbid")

    entity_type: EntityType
    source_label: Text
    on_duplicate: OnDuplicate | None = None
    mode: Annotated[Mode, Field(description="An older name: `upsert` is `update`.")] = "create"
    dry_run: bool = False
    format: FileFormat = "csv"
    preset: PresetName | None = None
    mapping: Annotated[dict[Text, Text], Field(max_length=200)] = {}
    constants: Annotated[dict[Text, Text], Field(max_length=200)] = {}
    delimiter: Delimiter = ","

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if self.on_duplicate is not None and "mode" in self.model_fields_set:
            raise ValueError("mode and on_duplicate say the same; give on_duplicate alone")
        return self

    def spec(self) -> Spec:
        """The same with the policy that an older caller's mode stands for."""
        said = {name: getattr(self, name) for name in SpecIn.model_fields if name != "mode"}
        said["on_duplicate"] = self.on_duplicate or _POLICIES[self.mode]
        return Spec(**said)


class ImportOut(BaseModel):
    """Where an import stands."""

    import_id: UUID
    entity_type: EntityType
    source_label: str
    mode: Mode
    on_duplicate: OnDuplicate
    dry_run: bool
    file_hash: str
    mapping: dict[str, str]
    ignored_columns: list[str]
    status: Status
    failure: str | None
    rows_total: int
    rows_done: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    duplicates: int
    started_at: datetime
    duration_ms: int | None
    version: int


@router.post(
    "",
    status_code=202,
    responses=refuses(
        ImportIdIsTakenError,
        FileIsEmptyError,
        FileEncodingError,
        FileIsNotCsvError,
        FileIsNotVcardError,
        MappingMissingError,
        ColumnUnknownError,
        FieldUnknownError,
        FieldMappedTwiceError,
        FieldMissingError,
        CardsNeedNoMappingError,
    ),
)
async def start_import(
    caller: Importer,
    pool: Database,
    import_id: NewId,
    file: UploadFile,
    spec: Annotated[str, Form(max_length=100_000, description="A SpecIn as JSON.")],
) -> ImportOut:
    """Take the file in; watch the answer's import for what becomes of it."""
    said = _read_spec(spec)
    started = await handlers.start_import(pool, caller.cause, import_id, said.spec(), file.file)
    return _out(started)


def _read_spec(text: str) -> SpecIn:
    try:
        return SpecIn.model_validate_json(text)
    except ValidationError as error:
        raise RequestValidationError(
            [{**wrong, "loc": ("body", "spec", *wrong["loc"])} for wrong in error.errors()]
        ) from error


@router.get("")
async def list_imports(
    caller: Reader,
    pool: Database,
    status: Status | None = None,
    entity_type: EntityType | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ImportOut]:
    """Imports and dry runs, the last started first."""
    del caller
    before = read_cursor(cursor, datetime.fromisoformat, UUID)
    async with pool.acquire() as connection:
        wanted = store.Wanted(status, entity_type)
        found = await store.list_imports(connection, wanted, before, limit + 1)
    shown = [_out(each) for each in found]
    return page_of(shown, limit, lambda item: [item.started_at.isoformat(), item.import_id])


@router.get("/{import_id}")
async def read_import(caller: Reader, pool: Database, import_id: UUID) -> ImportOut:
    """How far it is, and what has become of its rows so far."""
    del caller
    async with pool.acquire() as connection:
        return _out(await store.load_import(connection, import_id))


@router.get("/{import_id}/errors", response_class=StreamingResponse, include_in_schema=False)
@router.get("/{import_id}/errors.csv", response_class=StreamingResponse)
async def download_errors(caller: Reader, pool: Database, import_id: UUID) -> StreamingResponse:
    """A CSV of row (its line in the file), column, reason, and what became of the row.

    A row that is `rejected` was not imported at all; one that is `skipped` is about somebody who
    is known; one that is `imported` came without this cell, or with a duplicate case. A dry run
    answers the same as the run would.
    """
    del caller
    async with pool.acquire() as connection:
        await store.load_import(connection, import_id)
    disposition = f'attachment; filename="{import_id}-errors.csv"'
    return StreamingResponse(
        _error_lines(pool, import_id),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": disposition},
    )


async def _error_lines(pool: Database, import_id: UUID) -> AsyncIterator[str]:
    yield write_rows([["row", "column", "reason", "row_is"]])
    async for errors in store.list_errors(pool, import_id):
        yield write_rows([error.row, error.column, error.reason, error.row_is] for error in errors)


@router.post("/{import_id}/pause", responses=refuses(ImportNotFoundError, ImportIsNotRunningError))
async def pause_import(caller: Importer, pool: Database, import_id: UUID) -> ImportOut:
    """Let it rest after the block in hand; what is written stays. A repeat changes nothing."""
    del caller
    return _out(await handlers.change_import(pool, import_id, domain.pause))


@router.post("/{import_id}/resume", responses=refuses(ImportNotFoundError, ImportIsOverError))
async def resume_import(caller: Importer, pool: Database, import_id: UUID) -> ImportOut:
    """Go on behind the last block that is done, after a pause or a failure."""
    del caller
    return _out(await handlers.change_import(pool, import_id, domain.resume))


def _out(run: Import) -> ImportOut:
    return ImportOut.model_validate(run, from_attributes=True)
