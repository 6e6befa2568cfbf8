"""Scans: keying (where the base has no keys by today's rules) → comparing → completed.

Keys are hashes, spread evenly over all numbers of 64 bits: equal ranges of numbers hold about as
many keys each. So a base of any size is compared slice by slice, each in bounded memory, and how
many slices are done is how far the scan is. A scan is nobody else's business and no fact.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

from shared.errors import ConflictError, NotFoundError

from contacts.matching.subjects import EntityType

Status: TypeAlias = Literal["keying", "comparing", "completed"]

KEYS_PER_SLICE = 8_000
NIGHT_LASTS = 5
"""Hours in which the scans of a night may begin."""

_NUMBERS = 1 << 64
_LOWEST = -(1 << 63)


class ScanNotFoundError(NotFoundError):
    """There is no such scan."""


class ScanIdIsTakenError(ConflictError):
    """This Idempotency-Key belongs to a scan of other records."""


@dataclass(frozen=True, slots=True)
class Scan:
    """One run over all records of a type; `after_id` and `slices_done` are where it goes on."""

    scan_id: UUID
    entity_type: EntityType
    status: Status
    started_by: str
    correlation_id: str
    traceparent: str
    started_at: datetime
    after_id: UUID | None = None
    slices_total: int = 0
    slices_done: int = 0
    records_keyed: int = 0
    blocks: int = 0
    blocks_too_large: int = 0
    pairs_compared: int = 0
    cases_opened: int = 0
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True)
class SliceDone:
    """What came of one range of keys."""

    blocks: int
    blocks_too_large: int
    pairs: int
    opened: int


def night_of(at: datetime, hour: int) -> date | None:
    """The day whose night it is: from the hour on for some hours; None in the daytime.

    So whoever starts the service at noon does not start a scan, and a night is only one, though it
    may go over midnight.
    """
    began = at - timedelta(hours=hour)
    return began.date() if began.hour < NIGHT_LASTS else None


def range_of(scan: Scan) -> tuple[int, int]:
    """The first and the last key of the slice in turn."""
    first = _LOWEST + _NUMBERS * scan.slices_done // scan.slices_total
    after = _LOWEST + _NUMBERS * (scan.slices_done + 1) // scan.slices_total
    return first, after - 1


def key_page(scan: Scan, last_id: UUID, records: int) -> Scan:
    """These records have their keys now."""
    return replace(scan, after_id=last_id, records_keyed=scan.records_keyed + records)


def begin_comparing(scan: Scan, keys: int) -> Scan:
    """Every record has its keys; there are about so many."""
    return replace(scan, status="comparing", slices_total=max(1, keys // KEYS_PER_SLICE))


def compare_slice(scan: Scan, done: SliceDone, at: datetime) -> Scan:
    """One more slice is compared; the last one completes the scan."""
    slices_done = scan.slices_done + 1
    is_last = slices_done == scan.slices_total
    duration = max(0, round((at - scan.started_at).total_seconds() * 1000))
    return replace(
        scan,
        slices_done=slices_done,
        blocks=scan.blocks + done.blocks,
        blocks_too_large=scan.blocks_too_large + done.blocks_too_large,
        pairs_compared=scan.pairs_compared + done.pairs,
        cases_opened=scan.cases_opened + done.opened,
        status="completed" if is_last else "comparing",
        duration_ms=duration if is_last else None,
    )
