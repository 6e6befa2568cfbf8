"""A block of a file, made ready as far as nobody has to be asked, while the one before is written.

The cells are read and checked; and as long as everybody in the file was new, whoever the rows are
about is decided on as if they were new, too, and what saving them takes is made. That is used where
they are.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self
from uuid import UUID

from shared.messaging.outbox import Encoder

from contacts.changes import Ahead
from contacts.csv_files import NumberedRow
from contacts.customers.domain import CustomerChange
from contacts.file_customers import created_by
from contacts.file_layout import Batch, EntityType, Layout, Tally
from contacts.file_rows import CustomerRow, read_customers
from contacts.matching.keys import keys_of
from contacts.matching.subjects import customer_traits
from contacts.person_rows import PersonRow, read_people
from contacts.publishing import published_of

_ROWS_AT_ONCE = 15
"""Rows that are made ready before others get their turn: a millisecond."""


@dataclass(frozen=True, slots=True)
class Source:
    """How the rows of an import are read; `all_new` says that nobody in it was known so far."""

    entity_type: EntityType
    layout: Layout
    batch: Batch
    all_new: bool


@dataclass(slots=True)
class ReadyBlock:
    """The good rows, of one sort or the other; what is wrong with the rest is in the tally."""

    source: Source
    rows: Sequence[NumberedRow]
    tally: Tally = field(default_factory=Tally)
    customers: list[CustomerRow] = field(default_factory=list[CustomerRow])
    people: list[PersonRow] = field(default_factory=list[PersonRow])
    created: dict[int, CustomerChange] = field(default_factory=dict[int, CustomerChange])
    """By the number of the row."""

    encoder: Encoder = field(init=False)

    def __post_init__(self) -> None:
        self.encoder = Encoder(self.source.batch.cause)


async def make_ready(source: Source, rows: Sequence[NumberedRow]) -> ReadyBlock:
    """Read the rows of a block, a few at once."""
    block = ReadyBlock(source, rows)
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        _read(block, rows[start : start + _ROWS_AT_ONCE])
        await asyncio.sleep(0)
    return block


def _read(block: ReadyBlock, rows: Sequence[NumberedRow]) -> None:
    source = block.source
    if source.entity_type == "contact":
        block.people.extend(read_people(source.layout, rows, block.tally))
        return
    customers = read_customers(source.layout, rows, block.tally)
    block.customers.extend(customers)
    if source.all_new:
        block.created.update((row.number, _created(block, row)) for row in customers)


def _created(block: ReadyBlock, row: CustomerRow) -> CustomerChange:
    change = created_by(block.source.batch, row)
    traits = customer_traits(change.after.state)
    published = block.encoder.encode(published_of(change))
    return replace(change, ahead=Ahead(published, traits, keys_of(traits)))


@dataclass(slots=True)
class BlocksAhead:
    """The next block of each import in hand, on its way to be ready; none is left at the end."""

    _begun: dict[UUID, tuple[int, asyncio.Task[ReadyBlock]]] = field(
        default_factory=dict[UUID, tuple[int, "asyncio.Task[ReadyBlock]"]]
    )

    def begin(self, number: int, source: Source, rows: Sequence[NumberedRow]) -> None:
        """Make the block of this number ready whenever nothing else is to be done."""
        self._begun[source.batch.import_id] = number, asyncio.create_task(make_ready(source, rows))

    async def find(self, import_id: UUID, number: int) -> ReadyBlock | None:
        """The block of this number, when it is ready; None where it was not begun."""
        begun, task = self._begun.pop(import_id, (None, None))
        if task is None or begun == number:
            return await task if task else None
        task.cancel()
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for _, task in self._begun.values():
            task.cancel()
