"""Scans over HTTP: start one, and watch how far it is."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from shared.auth import Caller, Reader, allow
from shared.http.requests import Cursor, Database, Limit, NewId, Page, page_of, read_cursor

from contacts.matching.subjects import EntityType
from contacts.scans import handlers, store
from contacts.scans.domain import Scan, Status

router = APIRouter(prefix="/v1/duplicates/scans", tags=["duplicates"])
Starter = Annotated[Caller, Depends(allow("marketing", "sales"))]


class ScanIn(BaseModel):
    """Which records are looked through."""

    entity_type: EntityType


class ScanOut(BaseModel):
    """How far a scan is: first the records get their keys, then the slices of keys are compared."""

    scan_id: UUID
    entity_type: EntityType
    status: Status
    records_keyed: int
    slices_total: int
    slices_done: int
    blocks: int
    blocks_too_large: int
    pairs_compared: int
    cases_opened: int
    started_by: str
    started_at: datetime
    duration_ms: int | None


@router.post("", status_code=202)
async def start_scan(caller: Starter, pool: Database, scan_id: NewId, body: ScanIn) -> ScanOut:
    """Look through all records of a type for duplicates; what is found become cases."""
    return _out(await handlers.start_scan(pool, caller.cause, scan_id, body.entity_type))


@router.get("")
async def list_scans(
    caller: Reader,
    pool: Database,
    status: Status | None = None,
    entity_type: EntityType | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ScanOut]:
    """Scans, the last started first."""
    del caller
    before = read_cursor(cursor, datetime.fromisoformat, UUID)
    async with pool.acquire() as connection:
        wanted = store.Wanted(status, entity_type)
        found = await store.list_scans(connection, wanted, before, limit + 1)
    shown = [_out(each) for each in found]
    return page_of(shown, limit, lambda item: [item.started_at.isoformat(), item.scan_id])


@router.get("/{scan_id}")
async def read_scan(caller: Reader, pool: Database, scan_id: UUID) -> ScanOut:
    """How far it is, and how many cases it has opened so far."""
    del caller
    async with pool.acquire() as connection:
        return _out(await store.load_scan(connection, scan_id))


def _out(scan: Scan) -> ScanOut:
    return ScanOut.model_validate(scan, from_attributes=True)
