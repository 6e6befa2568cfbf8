"""What is done with scans: one is started, then done page by page, each in a transaction.

A page's keys or cases and the checkpoint are committed together: after a crash the next process
goes on behind the last committed page, and no pair is missed or told twice.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import structlog
from shared.cause import Cause
from shared.db import Connection, Pool, transaction, with_retries
from shared.ids import derived_id, new_id
from shared.runtime import until_idle
from shared.telemetry import continue_trace, new_trace

from contacts.customers import store as customers
from contacts.duplicates import store as duplicates
from contacts.duplicates.handlers import LoadTraits, compare_pairs, open_cases, pairs_in
from contacts.matching.keys import KEYS_VERSION, KeyChanges, keys_of
from contacts.matching.scoring import current_policy
from contacts.matching.subjects import EntityType
from contacts.people import store as people
from contacts.scans import domain, store
from contacts.scans.domain import Scan, ScanIdIsTakenError, SliceDone

KEYING_PAGE = 1000
BY_POLICY = "policy:duplicates"

logger = structlog.stdlib.get_logger()


@dataclass(frozen=True, slots=True)
class _Base:
    """How the records of a type are read."""

    load: LoadTraits
    lock_page: Callable[[Connection, UUID | None, int], Awaitable[Sequence[UUID]]]


_BASES: Mapping[EntityType, _Base] = {
    "contact": _Base(people.load_traits, people.lock_page),
    "customer": _Base(customers.load_traits, customers.lock_page),
}


async def start_scan(pool: Pool, cause: Cause, scan_id: UUID, entity_type: EntityType) -> Scan:
    """Begin a scan; where keys by today's rules are missing, it makes them first."""

    async def attempt() -> Scan:
        async with transaction(pool) as connection:
            existing = await store.find_scan(connection, scan_id)
            if existing is None:
                return await _start(connection, cause, scan_id, entity_type)
            if existing.entity_type != entity_type:
                raise ScanIdIsTakenError(scan_id=scan_id)
            return existing

    return await with_retries(attempt)


async def start_nightly(pool: Pool, hour: int) -> None:
    """The job: every night one scan of each type, whichever process comes first.

    Where the last one is under way yet, the next begins when it is done, if it is night still.
    """
    cause = Cause(BY_POLICY, datetime.now(UTC), str(new_id()), new_trace())
    night = domain.night_of(cause.at, hour)
    if night is None:
        return
    for entity_type in _BASES:
        async with pool.acquire() as connection:
            is_under_way = await store.is_under_way(connection, entity_type)
        if not is_under_way:
            scan_id = derived_id("nightly-scan", entity_type, night.isoformat())
            await start_scan(pool, cause, scan_id, entity_type)


async def _start(
    connection: Connection, cause: Cause, scan_id: UUID, entity_type: EntityType
) -> Scan:
    scan = Scan(
        scan_id=scan_id,
        entity_type=entity_type,
        status="keying",
        started_by=cause.actor,
        correlation_id=cause.correlation_id,
        traceparent=str(cause.trace),
        started_at=cause.at,
    )
    known = await duplicates.find_keys_version(connection, entity_type)
    if known == KEYS_VERSION:
        scan = await _begin_comparing(connection, scan)
    elif known is not None:
        await duplicates.delete_keys(connection, entity_type)
    await store.insert_scan(connection, scan)
    return scan


async def _begin_comparing(connection: Connection, scan: Scan) -> Scan:
    return domain.begin_comparing(scan, await duplicates.count_keys(connection, scan.entity_type))


async def run_scans(pool: Pool) -> bool:
    """Do page after page, of the scan that waited longest, until there is nothing to do."""
    return await until_idle(lambda: _do_next_page(pool))


async def _do_next_page(pool: Pool) -> bool:
    async with transaction(pool) as connection:
        scan = await store.take_scan(connection)
        if scan is None:
            return False
        done = await (_key if scan.status == "keying" else _compare)(connection, scan)
        await store.save_scan(connection, done)
    if done.status == "completed":
        _tell(done)
    return True


async def _key(connection: Connection, scan: Scan) -> Scan:
    base = _BASES[scan.entity_type]
    page = await base.lock_page(connection, scan.after_id, KEYING_PAGE)
    if not page:
        await duplicates.save_keys_version(connection, scan.entity_type, KEYS_VERSION)
        return await _begin_comparing(connection, scan)
    records = await base.load(connection, page)
    added = [(key, each.entity_id) for each in records for key in keys_of(each)]
    await duplicates.save_keys(connection, scan.entity_type, KeyChanges(added=added))
    return domain.key_page(scan, page[-1], len(page))


async def _compare(connection: Connection, scan: Scan) -> Scan:
    policy = current_policy()
    blocks, too_large = await duplicates.read_slice(
        connection, scan.entity_type, *domain.range_of(scan), policy.block_size
    )
    wanted = {record for block in blocks for record in block}
    loaded = await _BASES[scan.entity_type].load(connection, wanted) if wanted else ()
    pairs = pairs_in(blocks)
    found = compare_pairs(pairs, {each.entity_id: each for each in loaded}, policy)
    opened = await open_cases(connection, _cause_of(scan), found, "scan")
    done = SliceDone(len(blocks), too_large, len(pairs), opened)
    return domain.compare_slice(scan, done, datetime.now(UTC))


def _cause_of(scan: Scan) -> Cause:
    """What a scan finds, it finds itself, on behalf of the request that started it."""
    return Cause(
        actor=f"scan:{scan.scan_id}",
        at=datetime.now(UTC),
        correlation_id=scan.correlation_id,
        trace=continue_trace(scan.traceparent),
    )


def _tell(scan: Scan) -> None:
    logger.info(
        "duplicate_scan_completed",
        scan_id=str(scan.scan_id),
        pairs=scan.pairs_compared,
        opened=scan.cases_opened,
        duration_ms=scan.duration_ms,
    )
