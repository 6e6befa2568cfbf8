"""Resyncing: snapshots are published again, a page a transaction, by whichever process comes first.

The rows of a page are locked in the transaction that appends their snapshots, and the lock comes
before the outbox ids: so what a resync publishes is never older than what stands before it. How far
it is moves in the same transaction, so a crash repeats nothing.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID

from aiokafka.errors import KafkaError

from shared.cause import Cause
from shared.contracts.resync import (
    RESYNC_CANCELLED,
    RESYNC_COMPLETED,
    RESYNC_GAP,
    RESYNC_STARTED,
    GapReason,
)
from shared.contracts.topic import Event
from shared.db import Connection, Pool, transaction
from shared.failpoints import Failpoint
from shared.messaging import outbox, resyncs
from shared.messaging.looking import look
from shared.messaging.outbox import Fact
from shared.messaging.resyncs import Asked, Resync, ResyncExistsError, ResyncHasEndedError
from shared.runtime import Job

PAGE = 200
PAGES_A_SECOND = 5
MOST_WAITING = 10_000
"""While so many facts wait in the outbox, a resync adds none."""

PATIENCE = 1.0
EVERY, AT_REST = 0.05, 1.0

_BEFORE_COMMIT = Failpoint("resync.before-commit")
_AFTER_COMMIT = Failpoint("resync.after-commit")

LockSnapshots: TypeAlias = Callable[[Connection, Sequence[UUID]], Awaitable[list[Fact]]]


@dataclass(frozen=True, slots=True)
class Resyncable:
    """An aggregate that a service can publish again.

    `lock_snapshots` locks the rows of these ids, in the order of the ids, and answers the snapshot
    of each that is there with its version. `condition` narrows the table to what has a snapshot.
    """

    snapshot: type[Event]
    table: str
    lock_snapshots: LockSnapshots
    condition: str = "true"

    @property
    def aggregate(self) -> str:
        return self.snapshot.topic.aggregate

    async def list_ids(self, connection: Connection, after: UUID | None, limit: int) -> list[UUID]:
        """The next ids, in their order."""
        key = self.snapshot.topic.key
        rows = await connection.fetch(
            f"SELECT {key} AS id FROM {self.table} WHERE ({self.condition})"
            f" AND ($1::uuid IS NULL OR {key} > $1) ORDER BY {key} LIMIT $2",
            after,
            limit,
        )
        return [row["id"] for row in rows]

    async def count(self, connection: Connection) -> int:
        query = f"SELECT count(*) FROM {self.table} WHERE {self.condition}"
        return int(await connection.fetchval(query) or 0)


@dataclass(frozen=True, slots=True)
class Resyncing:
    """All that one service can publish again; `work` is its job, in every process."""

    service: str
    resyncables: Mapping[str, Resyncable]
    options: dict[str, Any] = field(repr=False)

    async def begin(
        self, pool: Pool, resync_id: UUID, asked: Asked, ids: Sequence[UUID], cause: Cause
    ) -> Resync:
        """Write down what is asked for and tell of it; asked again, it is the same resync."""
        async with transaction(pool) as connection:
            total = await self._total(connection, asked, ids)
            is_new = await resyncs.insert_resync(connection, resync_id, asked, cause, total)
            resync = await resyncs.load_resync(connection, resync_id)
            if not is_new:
                if resync.asked != asked:
                    raise ResyncExistsError(resync_id=resync_id)
                return resync
            for aggregate in asked.aggregates if ids else ():
                await resyncs.insert_ids(connection, resync_id, aggregate, ids)
            started = RESYNC_STARTED[self.service](
                resync_id=resync_id,
                aggregates=asked.aggregates,
                chosen_by=asked.chosen_by,
                changed_since=asked.changed_since,
                changed_until=asked.changed_until,
            )
            await outbox.append(connection, cause, [Fact(started, resync.version)])
            return resync

    async def pause(self, pool: Pool, resync_id: UUID, *, is_paused: bool) -> Resync:
        """Let it rest, or go on."""
        async with transaction(pool) as connection:
            resync = await self._lock_running(connection, resync_id)
            resync = replace(resync, is_paused=is_paused)
            await resyncs.save_resync(connection, resync)
            return resync

    async def cancel(self, pool: Pool, resync_id: UUID, cause: Cause) -> Resync:
        """End it where it is; what is published stays. Cancelled again, nothing happens."""
        async with transaction(pool) as connection:
            resync = await resyncs.load_resync(connection, resync_id, is_locked=True)
            if resync.phase == "cancelled":
                return resync
            if resync.has_ended:
                raise ResyncHasEndedError(resync_id=resync_id)
            resync = replace(
                resync, phase="cancelled", ended_at=cause.at, version=resync.version + 1
            )
            await resyncs.save_resync(connection, resync)
            cancelled = RESYNC_CANCELLED[self.service](
                resync_id=resync_id, published=resync.published
            )
            await outbox.append(connection, cause, [Fact(cancelled, resync.version)])
            return resync

    def job(self) -> Job:
        """The work, again and again."""
        return Job("resync", self.work, EVERY, AT_REST)

    async def work(self, pool: Pool) -> bool:
        """The next page of the resync whose turn it is; answers whether there was one."""
        async with pool.acquire() as connection:
            resync = await resyncs.find_due(connection)
        if resync is None:
            return False
        if resync.phase == "looking":
            await self._look(pool, resync)
        else:
            await self._publish(pool, resync.resync_id)
        return True

    async def _look(self, pool: Pool, resync: Resync) -> None:
        """Find out what has changed: read the log outside any transaction, then keep the ids.

        Another process may have been quicker: then its places stand, and ours are dropped.
        """
        try:
            found = await look(self.service, self.options, resync.asked, resync.places)
        except KafkaError as error:
            raise ConnectionError(repr(error)) from error  # an outage: the job tries again
        async with transaction(pool) as connection:
            current = await resyncs.lock_due(connection, resync.resync_id)
            if current is None or current.places != resync.places or current.phase != "looking":
                return
            for aggregate, ids in found.ids.items():
                await resyncs.insert_ids(connection, resync.resync_id, aggregate, ids)
            for aggregate in found.begins_later:
                current = await self._gap(connection, current, aggregate, "log-begins-later", ())
            current = replace(current, places=found.places)
            if found.is_done:
                total = await resyncs.count_ids(connection, resync.resync_id)
                current = replace(current, phase="publishing", total=total)
            await resyncs.save_resync(connection, current)

    async def _publish(self, pool: Pool, resync_id: UUID) -> None:
        async with transaction(pool) as connection:
            await connection.execute("SET LOCAL lock_timeout = '2s'")
            resync = await resyncs.lock_due(connection, resync_id)
            if resync is None or resync.phase != "publishing":
                return
            if await resyncs.outbox_has(connection, MOST_WAITING):
                await resyncs.save_resync(connection, resync, PATIENCE)
                return
            after, count = await self._page(connection, resync)
            await resyncs.save_resync(connection, after, count / resync.asked.rate)
            _BEFORE_COMMIT.reach()
        _AFTER_COMMIT.reach()

    async def _page(self, connection: Connection, resync: Resync) -> tuple[Resync, int]:
        """Publish the next page; answers how far it is now, and how many facts that were."""
        limit = max(1, min(PAGE, resync.asked.rate // PAGES_A_SECOND))
        resyncable = self.resyncables.get(resync.aggregate)
        if resync.asked.chosen_by != "all":
            ids = await resyncs.list_ids(connection, resync, limit)
        elif resyncable is not None:
            ids = await resyncable.list_ids(connection, resync.after, limit)
        else:
            ids = []
            resync = await self._gap(connection, resync, resync.aggregate, "no-snapshots", ())
        if not ids:
            return await self._next_aggregate(connection, resync), 0
        if resyncable is None:
            resync = await self._gap(connection, resync, resync.aggregate, "no-snapshots", ids)
            return replace(resync, after=ids[-1]), len(ids)
        return await self._snapshots(connection, resync, resyncable, ids), len(ids)

    async def _snapshots(
        self, connection: Connection, resync: Resync, resyncable: Resyncable, ids: Sequence[UUID]
    ) -> Resync:
        facts = await resyncable.lock_snapshots(connection, ids)
        cause = resync.cause(datetime.now(UTC))
        await outbox.append_resynced(connection, cause, resync.resync_id, facts)
        held = {fact.event.record_key for fact in facts}
        missing = [each for each in ids if str(each) not in held]
        if missing and resync.asked.chosen_by != "all":
            resync = await self._gap(connection, resync, resync.aggregate, "not-held", missing)
        count = resync.published.get(resync.aggregate, 0) + len(facts)
        return replace(
            resync, after=ids[-1], published={**resync.published, resync.aggregate: count}
        )

    async def _next_aggregate(self, connection: Connection, resync: Resync) -> Resync:
        resync = replace(resync, step=resync.step + 1, after=None)
        if resync.step < len(resync.asked.aggregates):
            return resync
        now = datetime.now(UTC)
        resync = replace(resync, phase="completed", ended_at=now, version=resync.version + 1)
        completed = RESYNC_COMPLETED[self.service](
            resync_id=resync.resync_id, published=resync.published, missing=resync.missing
        )
        await outbox.append(connection, resync.cause(now), [Fact(completed, resync.version)])
        return resync

    async def _gap(
        self,
        connection: Connection,
        resync: Resync,
        aggregate: str,
        reason: GapReason,
        ids: Sequence[UUID],
    ) -> Resync:
        """Tell of what cannot be given; a page has few enough ids for one fact."""
        gap = RESYNC_GAP[self.service](
            resync_id=resync.resync_id, aggregate=aggregate, reason=reason, ids=tuple(ids)
        )
        resync = replace(resync, version=resync.version + 1, missing=resync.missing + len(ids))
        cause = resync.cause(datetime.now(UTC))
        await outbox.append(connection, cause, [Fact(gap, resync.version)])
        return resync

    async def _total(self, connection: Connection, asked: Asked, ids: Sequence[UUID]) -> int | None:
        if asked.chosen_by == "time":
            return None
        if ids:
            return len(set(ids)) * len(asked.aggregates)
        counts = [
            await self.resyncables[name].count(connection)
            for name in asked.aggregates
            if name in self.resyncables
        ]
        return sum(counts)

    async def _lock_running(self, connection: Connection, resync_id: UUID) -> Resync:
        resync = await resyncs.load_resync(connection, resync_id, is_locked=True)
        if resync.has_ended:
            raise ResyncHasEndedError(resync_id=resync_id)
        return resync
