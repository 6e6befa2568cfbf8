"""What is done with imports: take a file in, then write it block by block, each in a transaction.

A block's rows, its facts, its errors and the checkpoint are committed together: after a crash the
next process goes on behind the last committed block, and nothing is done twice.
"""

import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import BinaryIO, TypeAlias, TypeVar
from uuid import UUID

import structlog
from shared.cause import Cause
from shared.db import Connection, Pool, is_infrastructure_fault, transaction, with_retries
from shared.failpoints import Failpoint
from shared.messaging import outbox
from shared.messaging.outbox import Fact
from shared.telemetry import continue_trace

from contacts.csv_files import FileIsEmptyError, NumberedRow, hash_of, read_rows
from contacts.file_blocks import BlocksAhead, ReadyBlock, Source, make_ready
from contacts.file_customers import import_customers
from contacts.file_layout import Batch, EntityType, Tally
from contacts.file_people import import_people
from contacts.file_rows import CUSTOMER_FIELDS, CustomerRow
from contacts.imports import domain, store
from contacts.imports.domain import Import, ImportEvent, ImportIdIsTakenError, Spec
from contacts.imports.store import ErrorLine
from contacts.person_rows import PERSON_FIELDS, PersonRow
from contacts.points import PointRules
from contacts.presets import resolve
from contacts.vcard_files import read_cards

BLOCK_ROWS = 1000
Take: TypeAlias = Callable[[Connection], Awaitable[Import | None]]
"""How a process comes by an import; it holds its lock to the end of the transaction."""

_FIELDS: Mapping[EntityType, frozenset[str]] = {
    "customer": CUSTOMER_FIELDS,
    "contact": PERSON_FIELDS,
}

_AFTER_BLOCK = Failpoint("import.after-block")
_BETWEEN_BLOCKS = Failpoint("import.between-blocks")

logger = structlog.stdlib.get_logger()


async def start_import(
    pool: Pool, cause: Cause, import_id: UUID, spec: Spec, file: BinaryIO
) -> Import:
    """Stage the file in blocks and start; all of it or, where the file is bad, nothing."""

    async def attempt() -> Import:
        file_hash = hash_of(file)
        rows, header = _opened(file, spec)
        resolved = resolve(spec, header)
        async with transaction(pool) as connection:
            existing = await store.find_import(connection, import_id)
            if existing is None:
                run = _new(import_id, cause, resolved, header, file_hash)
                return await _stage(connection, cause, run, rows)
            if not domain.is_repeat(existing, resolved, file_hash):
                raise ImportIdIsTakenError(import_id=import_id)
            return existing

    return await with_retries(attempt)


def _opened(file: BinaryIO, spec: Spec) -> tuple[Iterator[NumberedRow], list[str]]:
    rows = read_cards(file) if spec.format == "vcard" else read_rows(file, spec.delimiter)
    _, header = next(rows, (0, None))
    if header is None:
        raise FileIsEmptyError(field="file")
    return rows, [column.strip() for column in header]


def _new(
    import_id: UUID, cause: Cause, spec: Spec, header: Sequence[str], file_hash: str
) -> Import:
    domain.check(spec, header, _FIELDS[spec.entity_type])
    return Import(
        import_id=import_id,
        entity_type=spec.entity_type,
        source_label=spec.source_label,
        mode=spec.mode,
        on_duplicate=spec.on_duplicate,
        dry_run=spec.dry_run,
        mapping=spec.mapping,
        constants=spec.constants,
        header=header,
        file_hash=file_hash,
        status="running",
        rows_total=0,
        correlation_id=cause.correlation_id,
        traceparent=str(cause.trace),
        started_at=cause.at,
    )


async def _stage(
    connection: Connection, cause: Cause, new: Import, rows: Iterator[NumberedRow]
) -> Import:
    rows_total = 0
    block = 0
    while staged := list(islice(rows, BLOCK_ROWS)):
        await store.insert_block(connection, new.import_id, block, staged)
        rows_total += len(staged)
        block += 1
    run, events = domain.start(replace(new, rows_total=rows_total))
    await store.insert_import(connection, run)
    await _publish(connection, cause, run, events)
    return run


async def change_import(pool: Pool, import_id: UUID, step: Callable[[Import], Import]) -> Import:
    """Pause or resume; waits for the block in hand."""
    async with transaction(pool) as connection:
        run = step(await store.lock_import(connection, import_id))
        await store.save_import(connection, run)
        return run


async def take_over_imports(pool: Pool, rules: PointRules) -> None:
    """Take the import that another process has in hand, and go on until there is nothing to do."""
    with BlocksAhead() as ahead:
        await do_next_block(pool, rules, ahead, store.await_import)
        while await do_next_block(pool, rules, ahead) is not None:
            pass


@dataclass(slots=True)
class _Taken:
    run: Import | None = None


async def do_next_block(
    pool: Pool, rules: PointRules, ahead: BlocksAhead, take: Take = store.take_import
) -> int | None:
    """Do one block; how many rows of its import are left, or None where there was none to take."""
    taken = _Taken()

    async def attempt() -> int | None:
        async with transaction(pool) as connection:
            taken.run = await take(connection)
            if taken.run is None:
                return None
            done = await _go_on(connection, taken.run, rules, ahead)
            return done.rows_total - done.rows_done

    try:
        left = await with_retries(attempt)
    except Exception as error:
        if taken.run is None or is_infrastructure_fault(error):
            raise
        logger.exception("import_failed", import_id=str(taken.run.import_id))
        await _fail(pool, taken.run.import_id, type(error).__name__)
        left = 0
    if left is not None:
        _BETWEEN_BLOCKS.reach()
    return left


async def _fail(pool: Pool, import_id: UUID, reason_code: str) -> None:
    async with transaction(pool) as connection:
        run, events = domain.fail(await store.lock_import(connection, import_id), reason_code)
        await store.save_import(connection, run)
        await _publish(connection, _cause_of(run), run, events)


async def _go_on(
    connection: Connection, run: Import, rules: PointRules, ahead: BlocksAhead
) -> Import:
    started = time.monotonic()
    block = await _ready_block(connection, run, ahead)
    if block is None:
        return await _finish(connection, run)
    batch, tally = block.source.batch, block.tally
    if run.entity_type == "customer":
        customers = await _only_once(connection, run, block.customers, tally)
        await import_customers(connection, batch, customers, block.created, tally)
    else:
        people = await _only_once(connection, run, block.people, tally)
        await import_people(connection, batch, people, tally, rules)
    await _note_errors(connection, run, tally)
    done = domain.advance(run, tally, len(block.rows), block.rows[-1][0])
    await store.save_import(connection, done)
    _AFTER_BLOCK.reach()
    logger.info(
        "import_block_done",
        import_id=str(run.import_id),
        rows_done=done.rows_done,
        rows_total=run.rows_total,
        ms=round((time.monotonic() - started) * 1000, 1),
    )
    return done


async def _ready_block(
    connection: Connection, run: Import, ahead: BlocksAhead
) -> ReadyBlock | None:
    """The block that is next; the one after it is begun, and is made ready beside what follows."""
    number = run.blocks_done
    block = await ahead.find(run.import_id, number)
    if block is None:
        rows = await store.find_block(connection, run.import_id, number)
        if rows is None:
            return None
        block = await make_ready(_source_of(run), rows)
    following = await store.find_block(connection, run.import_id, number + 1)
    if following is not None:
        ahead.begin(number + 1, _source_of(run), following)
    return block


def _source_of(run: Import) -> Source:
    batch = Batch(run.import_id, run.on_duplicate, run.dry_run, _cause_of(run))
    return Source(run.entity_type, run.layout, batch, all_new=not (run.updated or run.unchanged))


async def _finish(connection: Connection, run: Import) -> Import:
    done, events = domain.finish(run, datetime.now(UTC))
    await store.save_import(connection, done)
    await store.delete_staged(connection, run.import_id)
    await _publish(connection, _cause_of(run), done, events)
    logger.info(
        "import_completed",
        import_id=str(run.import_id),
        rows=done.rows_done,
        rejected=done.rejected,
        duration_ms=done.duration_ms,
    )
    return done


_RowT = TypeVar("_RowT", CustomerRow, PersonRow)


async def _only_once(
    connection: Connection, run: Import, rows: Sequence[_RowT], tally: Tally
) -> list[_RowT]:
    """The rows whose keys no earlier row of the file has."""
    first: dict[str, int] = {}
    for row in rows:
        for key in row.keys:
            first.setdefault(key, row.number)
    first = await store.claim_keys(connection, run.import_id, first)
    unique: list[_RowT] = []
    for row in rows:
        earlier = min((first[key] for key in row.keys), default=row.number)
        if earlier < row.number:
            tally.reject(row.number, None, f"duplicate-of-row-{earlier}")
        else:
            unique.append(row)
    return unique


async def _note_errors(connection: Connection, run: Import, tally: Tally) -> None:
    column_of = run.layout.column_of
    lines = [
        ErrorLine(error.row, column_of(error.field), error.reason, error.row_is)
        for error in tally.errors
    ]
    await store.insert_errors(connection, run.import_id, lines)


async def _publish(
    connection: Connection, cause: Cause, run: Import, events: Sequence[ImportEvent]
) -> None:
    await outbox.append(connection, cause, [Fact(event, run.version) for event in events])


def _cause_of(run: Import) -> Cause:
    """What an import does, it does itself, on behalf of the request that started it."""
    return Cause(
        actor=f"import:{run.import_id}",
        at=datetime.now(UTC),
        correlation_id=run.correlation_id,
        trace=continue_trace(run.traceparent),
    )
