"""Projecting: a batch of facts becomes rows by a constant number of statements.

Per section one load, one fold in memory and one guarded upsert; then one statement that inserts
into the timeline and raises the profiles that were touched. Rows of shared tables are written last
and in the order of their keys, so that two consumers never wait for each other in a circle.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic
from uuid import UUID

from shared.contracts.topic import Event
from shared.db import Connection
from shared.messaging.envelope import Received

from customer_360.folding import Fold, RowT
from customer_360.guarded import GuardedTable
from customer_360.people.store import list_customers_of
from customer_360.timeline.items import item_of
from customer_360.timeline.store import insert_and_touch


@dataclass(slots=True)
class Reach:
    """Whom the changed rows of a batch concern: customers, or people whose customers they have."""

    customer_ids: set[UUID] = field(default_factory=set[UUID])
    contact_ids: set[UUID] = field(default_factory=set[UUID])
    subject_hashes: set[str] = field(default_factory=set[str])

    def add(self, customer_id: UUID | None, contact_id: UUID | None = None) -> None:
        """A row names its customer, or at least its person."""
        if customer_id is not None:
            self.customer_ids.add(customer_id)
        if contact_id is not None:
            self.contact_ids.add(contact_id)


async def _nothing_more(connection: Connection, rows: Sequence[Any]) -> None:
    del connection, rows


@dataclass(frozen=True, slots=True)
class Section(Generic[RowT]):
    """One projected table: how its rows come about and whom they concern.

    A row of snapshots alone `looks_back` where it concerns others no longer than it says so.
    """

    table: GuardedTable[RowT]
    fold: Fold[RowT]
    reach: Callable[[Reach, RowT], None]
    afterwards: Callable[[Connection, Sequence[RowT]], Awaitable[None]] = _nothing_more
    looks_back: bool = False

    async def project(
        self, connection: Connection, received: Sequence[Received[Event]], reach: Reach
    ) -> None:
        """Bring the section's rows up to these facts; a row concerns whose it was before, too."""
        stored = await self._stored(connection, received)
        rows = self.fold.all(stored, received)
        written = await self.table.save(connection, rows)
        for row in rows:
            key: UUID = getattr(row, self.fold.key)
            if key in written:
                self.reach(reach, row)
                if key in stored:
                    self.reach(reach, stored[key])
        await self.afterwards(connection, rows)

    async def _stored(
        self, connection: Connection, received: Sequence[Received[Event]]
    ) -> dict[UUID, RowT]:
        if not (self.fold.builds_on_rows or self.looks_back):
            return {}
        keys = {self.fold.key_of(fact.event) for fact in received}
        return await self.table.load(connection, keys)


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """The sections that one consumer feeds; `noted` are facts that only the timeline shows."""

    sections: Sequence[Section[Any]]
    noted: tuple[type[Event], ...] = ()

    @property
    def facts(self) -> Iterable[type[Event]]:
        """Every fact that it takes."""
        return (*self.noted, *(fact for section in self.sections for fact in section.fold.steps))

    async def apply(self, connection: Connection, received: Sequence[Received[Event]]) -> None:
        """Apply a batch inside the consumer's transaction."""
        reach = Reach()
        for section in self.sections:
            mine = [fact for fact in received if type(fact.event) in section.fold.steps]
            if mine:
                await section.project(connection, mine, reach)
        items = [item for fact in received if (item := item_of(fact)) is not None]
        await insert_and_touch(connection, items, await _customers_in(connection, reach))


async def _customers_in(connection: Connection, reach: Reach) -> set[UUID]:
    if not (reach.contact_ids or reach.subject_hashes):
        return reach.customer_ids
    others = await list_customers_of(connection, reach.contact_ids, reach.subject_hashes)
    return reach.customer_ids | others
