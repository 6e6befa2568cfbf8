"""Guarded tables: one row per aggregate, which only a newer version of the aggregate may replace.

The statements of every projected table are the same three; they are written here once, from the
fields of the row's class, which are the table's columns.
"""

import dataclasses
import types
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from operator import attrgetter
from typing import Any, Generic, Union, get_args, get_origin
from typing import get_type_hints as type_hints_of
from uuid import UUID

from pydantic import TypeAdapter
from shared.db import Connection

from customer_360.folding import RowT

_SCALARS: dict[object, str] = {
    UUID: "uuid",
    str: "text",
    int: "bigint",
    bool: "boolean",
    Decimal: "numeric",
    date: "date",
    datetime: "timestamptz",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """One column: its SQL type, and how a value that is no scalar becomes JSON and back."""

    name: str
    sql_type: str
    adapter: TypeAdapter[Any] | None

    def encode(self, values: Iterable[Any]) -> list[Any]:
        """The values as asyncpg takes them."""
        if self.adapter is None:
            return list(values)
        dump = self.adapter.dump_json
        return [
            None if value is None else dump(value).decode() if value else "[]" for value in values
        ]


@dataclasses.dataclass(frozen=True)
class GuardedTable(Generic[RowT]):
    """A table of rows of one class, guarded by their version."""

    name: str
    row: type[RowT]

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns, in the order of the row's fields."""
        hints = type_hints_of(self.row)
        return tuple(
            _column(field.name, hints[field.name]) for field in dataclasses.fields(self.row)
        )

    @cached_property
    def key(self) -> str:
        """The column that names the aggregate."""
        return self.columns[0].name

    @cached_property
    def _select(self) -> str:
        return f"SELECT {', '.join(column.name for column in self.columns)} FROM {self.name}"

    @cached_property
    def _upsert(self) -> str:
        names = ", ".join(column.name for column in self.columns)
        arrays = ", ".join(
            f"${number}::{column.sql_type}[]" for number, column in enumerate(self.columns, 1)
        )
        replaced = ", ".join(f"{column.name} = excluded.{column.name}" for column in self.columns)
        return f"""
            INSERT INTO {self.name} ({names})
            SELECT * FROM unnest({arrays})
            ON CONFLICT ({self.key}) DO UPDATE SET {replaced}
            WHERE {self.name}.version < excluded.version
            RETURNING {self.key}
        """

    @cached_property
    def _values(self) -> Callable[[RowT], tuple[Any, ...]]:
        return attrgetter(*(column.name for column in self.columns))

    def _place(self, row: RowT) -> int:
        key: UUID = getattr(row, self.key)
        return key.int

    def select(self, condition: str) -> str:
        """The statement that reads the rows of which this is true."""
        return f"{self._select} WHERE {condition}"

    async def load(self, connection: Connection, ids: Collection[UUID]) -> dict[UUID, RowT]:
        """The rows with these keys, by key."""
        rows = await self.list_by(connection, self.key, ids)
        return {getattr(row, self.key): row for row in rows}

    async def list_by(
        self, connection: Connection, column: str, values: Collection[UUID]
    ) -> list[RowT]:
        """The rows whose column has one of these values; the column wants an index."""
        records = await connection.fetch(
            f"{self._select} WHERE {column} = ANY($1::uuid[])", list(values)
        )
        return self.rows_of(records)

    async def save(self, connection: Connection, rows: Sequence[RowT]) -> set[UUID]:
        """Write the rows that are newer than what is stored; answers their keys.

        Rows are written in the order of their keys, so that two writers never wait in a circle.
        """
        if not rows:
            return set()
        values = zip(*map(self._values, sorted(rows, key=self._place)), strict=True)
        arrays = [column.encode(mine) for column, mine in zip(self.columns, values, strict=True)]
        written = await connection.fetch(self._upsert, *arrays)
        return {record[0] for record in written}

    async def delete(self, connection: Connection, ids: Collection[UUID]) -> set[UUID]:
        """Forget these aggregates; answers which of them were known."""
        deleted = await connection.fetch(
            f"DELETE FROM {self.name} WHERE {self.key} = ANY($1::uuid[]) RETURNING {self.key}",
            list(ids),
        )
        return {record[0] for record in deleted}

    def rows_of(self, records: Sequence[Any]) -> list[RowT]:
        """Records of the database as rows."""
        adapters = [column.adapter for column in self.columns]
        make: Callable[..., RowT] = self.row
        if not any(adapters):
            return [make(*record) for record in records]
        return [
            make(
                *(
                    value if adapter is None or value is None else adapter.validate_json(value)
                    for value, adapter in zip(record, adapters, strict=True)
                )
            )
            for record in records
        ]


def _column(name: str, hint: Any) -> Column:
    if get_origin(hint) in {Union, types.UnionType}:
        hint = next(part for part in get_args(hint) if part is not type(None))
    sql_type = _SCALARS.get(hint)
    if sql_type is not None:
        return Column(name, sql_type, None)
    adapter: TypeAdapter[Any] = TypeAdapter(hint)
    return Column(name, "jsonb", adapter)
