"""Redrive: apply a parked key's records in their order, as the consumer would have."""

from dataclasses import dataclass
from uuid import UUID

from shared.contracts.parking import ParkedReason
from shared.db import Connection, Pool, transaction
from shared.failpoints import Failpoint
from shared.messaging import parking
from shared.messaging.consuming import try_one
from shared.messaging.decoding import Decoded, Ended, Poison, Skipped, decode
from shared.messaging.parking import ParkedRecord
from shared.messaging.reactions import Consumer

_AFTER_EFFECT = Failpoint("redrive.after-effect")
_AFTER_COMMIT = Failpoint("redrive.after-commit")


@dataclass(frozen=True, slots=True)
class Redriven:
    """What came of it: how many records were applied, and which one still fails, if any."""

    applied: int
    remaining: int
    failed: UUID | None = None
    reason: ParkedReason | None = None


async def redrive(pool: Pool, consumer: Consumer, parked_id: UUID) -> Redriven:
    """Apply all that waits on the key of this record, oldest first, up to the first that fails.

    One transaction under the key's lock: the consumer queues nothing behind it meanwhile, and
    goes on with the key as soon as this commits. Raises `ParkedRecordNotFoundError`.
    """
    async with transaction(pool) as connection:
        record = await parking.load_parked(connection, parked_id)
        await parking.lock_parked_keys(connection, record.consumer, [(record.topic, record.key)])
        queue = await parking.queue_of(connection, record)
        for position, waiting in enumerate(queue):
            outcome = decode(waiting.raw(), consumer)
            failure = await _failure(connection, consumer, outcome)
            if failure is not None:
                await parking.note_failure(connection, waiting.parked_id, failure)
                remaining = len(queue) - position
                return Redriven(position, remaining, waiting.parked_id, failure[0])
            await parking.remove(connection, waiting.parked_id)
            _AFTER_EFFECT.reach()
        await parking.release_if_empty(connection, record)
    _AFTER_COMMIT.reach()
    return Redriven(len(queue), 0)


async def _failure(
    connection: Connection,
    consumer: Consumer,
    outcome: Decoded | Ended | Poison | Skipped,
) -> tuple[ParkedReason, str | None] | None:
    match outcome:
        case Poison(reason=reason, error=error):
            return reason, error
        case Skipped():
            return None
        case Decoded() | Ended():
            failure = await try_one(connection, consumer, outcome)
            return None if failure is None else parking.failure_of(failure)


async def discard(pool: Pool, parked_id: UUID, *, by: str, reason: str) -> ParkedRecord:
    """Give one record up; who did it and why is kept. Raises `ParkedRecordNotFoundError`."""
    async with transaction(pool) as connection:
        record = await parking.load_parked(connection, parked_id)
        await parking.lock_parked_keys(connection, record.consumer, [(record.topic, record.key)])
        record = await parking.load_parked(connection, parked_id)
        await parking.discard(connection, record, by, reason)
        return record
