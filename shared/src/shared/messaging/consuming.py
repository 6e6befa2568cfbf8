"""The consumer loop: a batch of records becomes one transaction.

A batch that fails as a whole (database down, time-out, lost race) is tried again in place with
jittered backoff, for a third of `max_poll_interval_ms`; then the error is raised and Kafka hands
the same records out again. A record that can never be applied is parked together with the later
ones of its key.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

import structlog

from shared.contracts.parking import ParkedReason
from shared.contracts.topic import Event
from shared.db import Connection, Pool, is_infrastructure_fault, transaction
from shared.errors import Refusal
from shared.failpoints import Failpoint
from shared.messaging import erased, inbox, metrics, parking
from shared.messaging.decoding import Decoded, Ended, Outcome, Poison, Skipped, decode
from shared.messaging.envelope import RawRecord, Received, recorded_at
from shared.messaging.letting_fall import find_erased, let_fall
from shared.messaging.parking import TooManyParkedKeysError
from shared.messaging.reactions import Consumer

MAX_POLL_INTERVAL_MS = 300_000
RETRY_FOR = MAX_POLL_INTERVAL_MS / 3 / 1000
BACKOFF_SHORTEST = 0.1
BACKOFF_LONGEST = 5.0

_BEGIN = """
WITH positions AS (
    INSERT INTO consumer_positions
        (consumer, topic, partition, next_offset, event_time, recorded_at)
    SELECT $1, * FROM unnest(
        $2::text[], $3::int[], $4::bigint[], $5::timestamptz[], $6::timestamptz[])
    ON CONFLICT (consumer, topic, partition) DO UPDATE SET
        next_offset = excluded.next_offset, recorded_at = excluded.recorded_at, applied_at = now(),
        event_time = coalesce(excluded.event_time, consumer_positions.event_time)
)
SELECT topic, key FROM parked_keys
WHERE consumer = $1 AND (topic, key) IN (SELECT * FROM unnest($7::text[], $8::text[]))
ORDER BY topic, key
FOR UPDATE
"""

_AFTER_EFFECT = Failpoint("consumer.after-effect")
_AFTER_COMMIT = Failpoint("consumer.after-commit")

logger = structlog.stdlib.get_logger()


@dataclass(slots=True)
class Progress:
    """What a running consumer says of itself."""

    last_done_at: float = 0.0
    last_record_at: datetime | None = None
    in_flight: int = 0
    halted: bool = False


async def consume(
    pool: Pool, consumer: Consumer, records: Sequence[RawRecord], progress: Progress
) -> None:
    """Apply a batch, or raise with nothing applied; the subscriber calls it, one at a time."""
    started = time.monotonic()
    progress.in_flight = len(records)
    await _retrying(consumer, progress, lambda: apply(pool, consumer, records))
    _AFTER_COMMIT.reach()
    progress.in_flight = 0
    seconds = time.monotonic() - started
    metrics.BATCH_SECONDS.labels(consumer.name).observe(seconds)
    ms = round(seconds * 1000, 1)
    logger.info("batch_applied", consumer=consumer.name, records=len(records), ms=ms)
    progress.last_done_at = time.time()
    if records:
        progress.last_record_at = recorded_at(max(records, key=lambda record: record.timestamp))


async def _retrying(
    consumer: Consumer, progress: Progress, attempt: Callable[[], Awaitable[None]]
) -> None:
    deadline = time.monotonic() + RETRY_FOR
    backoff = BACKOFF_SHORTEST
    while True:
        try:
            await attempt()
        except Exception as error:
            progress.halted = isinstance(error, TooManyParkedKeysError)
            metrics.CONSUMER_RETRIES.labels(consumer.name).inc()
            _tell(consumer, error, backoff)
            if time.monotonic() + backoff > deadline:
                raise
            await asyncio.sleep(backoff * random.uniform(0.5, 1.0))
            backoff = min(backoff * 2, BACKOFF_LONGEST)
        else:
            progress.halted = False
            return


def _tell(consumer: Consumer, error: Exception, backoff: float) -> None:
    """Say why a batch waits: an outage, too much parked, or a bug that parking cannot contain."""
    if isinstance(error, TooManyParkedKeysError):
        logger.error("consumer_halted", consumer=consumer.name, backoff_s=backoff)
    elif is_infrastructure_fault(error):
        name = type(error).__name__
        logger.warning("consumer_waits", consumer=consumer.name, error=name, backoff_s=backoff)
    else:
        logger.error("consumer_fails", consumer=consumer.name, exc_info=error, backoff_s=backoff)


async def apply(pool: Pool, consumer: Consumer, records: Sequence[RawRecord]) -> None:
    """One batch in one transaction; where a handler fails, again with a savepoint per record."""
    outcomes = [decode(record, consumer) for record in records]
    try:
        async with transaction(pool) as connection:
            await _apply_together(connection, consumer, outcomes)
            _AFTER_EFFECT.reach()
    except Exception as error:
        if is_infrastructure_fault(error) or isinstance(error, TooManyParkedKeysError):
            raise
        logger.warning("batch_taken_apart", consumer=consumer.name, error=type(error).__name__)
        async with transaction(pool) as connection:
            await _apply_one_by_one(connection, consumer, outcomes)


async def _apply_together(
    connection: Connection, consumer: Consumer, outcomes: Sequence[Outcome]
) -> None:
    left, parked = await _begin(connection, consumer, outcomes)
    passing: list[Decoded | Ended] = []
    for outcome in left:
        if await _set_aside(connection, consumer, outcome, parked):
            continue
        passing.append(cast("Decoded | Ended", outcome))
    applied = await _handle(connection, consumer, passing)
    _count(consumer, "applied", applied)
    _count_duplicates(consumer, len(passing) - applied)


async def _apply_one_by_one(
    connection: Connection, consumer: Consumer, outcomes: Sequence[Outcome]
) -> None:
    left, parked = await _begin(connection, consumer, outcomes)
    for outcome in left:
        if await _set_aside(connection, consumer, outcome, parked):
            continue
        passing = cast("Decoded | Ended", outcome)
        failure = await try_one(connection, consumer, passing)
        if failure is not None:
            await _park(connection, consumer, passing, failure)
            parked.add(passing.key)


async def try_one(
    connection: Connection, consumer: Consumer, outcome: Decoded | Ended
) -> Exception | None:
    """Apply one record inside a savepoint; answers the error that makes it poison, if any."""
    try:
        async with connection.transaction():
            applied = await _handle(connection, consumer, [outcome])
    except Exception as error:
        if is_infrastructure_fault(error):
            raise
        logger.warning(
            "record_failed",
            consumer=consumer.name,
            topic=outcome.raw.topic,
            partition=outcome.raw.partition,
            offset=outcome.raw.offset,
            exc_info=None if isinstance(error, Refusal) else error,
        )
        return error
    _count(consumer, "applied", applied)
    _count_duplicates(consumer, 1 - applied)
    return None


async def _set_aside(
    connection: Connection, consumer: Consumer, outcome: Outcome, parked: set[tuple[str, str]]
) -> bool:
    """Skip or park what must not reach a handler; answers whether it did."""
    if isinstance(outcome, Skipped):
        _count(consumer, outcome.outcome, 1)
        return True
    if outcome.key in parked:
        await _park_raw(connection, consumer, outcome, ("behind-parked", None))
        return True
    if isinstance(outcome, Poison):
        await _park_raw(connection, consumer, outcome, (outcome.reason, outcome.error))
        parked.add(outcome.key)
        return True
    return False


async def _park(
    connection: Connection, consumer: Consumer, outcome: Decoded | Ended, error: Exception
) -> None:
    await _park_raw(connection, consumer, outcome, parking.failure_of(error))


async def _park_raw(
    connection: Connection,
    consumer: Consumer,
    outcome: Decoded | Ended | Poison,
    failure: tuple[ParkedReason, str | None],
) -> None:
    await parking.park(connection, consumer, outcome.key, outcome.raw, failure)
    _count(consumer, "parked", 1)
    logger.warning(
        "record_parked",
        consumer=consumer.name,
        topic=outcome.raw.topic,
        partition=outcome.raw.partition,
        offset=outcome.raw.offset,
        reason=failure[0],
        error=failure[1],
    )


async def _handle(
    connection: Connection, consumer: Consumer, passing: Sequence[Decoded | Ended]
) -> int:
    """Run the handlers over what nobody has claimed before; answers how many records that were."""
    fresh = await _claim(connection, consumer, passing)
    decoded: list[Received[Event]] = []
    for outcome in fresh:
        if isinstance(outcome, Ended):
            # A tombstone follows all that came before it.
            await _run(connection, consumer, decoded)
            decoded = []
            await consumer.erasers[outcome.raw.topic](connection, [outcome.envelope])
        else:
            decoded.append(outcome.received)
    await _run(connection, consumer, decoded)
    return len(fresh)


async def _run(
    connection: Connection, consumer: Consumer, records: Sequence[Received[Event]]
) -> None:
    for run in consumer.runs(records):
        await run.handle(connection, run.records)


async def _claim(
    connection: Connection, consumer: Consumer, passing: Sequence[Decoded | Ended]
) -> Sequence[Decoded | Ended]:
    if consumer.is_projection or not passing:
        return passing
    unclaimed = await inbox.claim(connection, consumer.name, map(_event_id, passing))
    fresh: list[Decoded | Ended] = []
    for outcome in passing:
        if _event_id(outcome) in unclaimed:
            unclaimed.remove(_event_id(outcome))
            fresh.append(outcome)
    return fresh


def _event_id(outcome: Decoded | Ended) -> UUID:
    envelope = outcome.envelope if isinstance(outcome, Ended) else outcome.received.envelope
    return envelope.event_id


async def _begin(
    connection: Connection, consumer: Consumer, outcomes: Sequence[Outcome]
) -> tuple[Sequence[Outcome], set[tuple[str, str]]]:
    """Begin a batch: answers the records that are left to apply, and the keys that are parked.

    What was erased is let fall; what is parked of a key that ends here is erased with it.
    """
    gone = await find_erased(connection, outcomes)
    parked = await _lock_places(connection, consumer.name, outcomes)
    left, ended = let_fall(outcomes, gone)
    if ended:
        await erased.note(connection, ended)
    if len(left) < len(outcomes):
        _count(consumer, "erased", len(outcomes) - len(left))
    return left, parked - ended


async def _lock_places(
    connection: Connection, consumer: str, outcomes: Sequence[Outcome]
) -> set[tuple[str, str]]:
    """Save how far this transaction goes, and lock the queues of those of its keys that are parked.

    Answers the parked ones. One statement for all of it: small batches are paid by the round trip.
    """
    newest: dict[tuple[str, int], Outcome] = {}
    for outcome in outcomes:
        newest[outcome.raw.topic, outcome.raw.partition] = outcome
    keys = sorted({outcome.key for outcome in outcomes})
    rows = await connection.fetch(
        _BEGIN,
        consumer,
        [topic for topic, _ in newest],
        [partition for _, partition in newest],
        [outcome.raw.offset + 1 for outcome in newest.values()],
        [_event_time(outcome) for outcome in newest.values()],
        [recorded_at(outcome.raw) for outcome in newest.values()],
        [topic for topic, _ in keys],
        [key for _, key in keys],
    )
    return {(row["topic"], row["key"]) for row in rows}


def _event_time(outcome: Outcome) -> datetime | None:
    match outcome:
        case Decoded(received=received):
            return received.envelope.time
        case Ended(envelope=envelope):
            return envelope.time
        case Poison() | Skipped():
            return None


def _count_duplicates(consumer: Consumer, number: int) -> None:
    """Count repeats that were let fall, and say so: a counter dies with its process."""
    if number:
        _count(consumer, "duplicate", number)
        logger.info("duplicates_dropped", consumer=consumer.name, records=number)


def _count(consumer: Consumer, outcome: str, records: int) -> None:
    metrics.RECORDS.labels(consumer.name, outcome).inc(records)
