"""Lists: a condition for each filter that was given, none for the others, planned each time.

A statement with a dozen of `$1 IS NULL OR …`, or a plan that is kept for every value, reads the
whole table for a rare one.
"""

from collections.abc import Mapping, Sequence
from typing import cast

import asyncpg
from shared.db import Connection

_BY_VALUE = "SELECT set_config('plan_cache_mode', 'force_custom_plan', true)"


def where(wanted: Mapping[str, object]) -> tuple[str, list[object]]:
    """What stands behind WHERE, and its values: one for each `?`, a tuple for several of them.

    Conditions are texts of the code's own; what somebody said is a value and nothing else.
    """
    conditions: list[str] = []
    values: list[object] = []
    for condition, value in wanted.items():
        if value is not None:
            text, *others = condition.split("?")
            for each, other in zip(_each(value), others, strict=True):
                values.append(each)
                text += f"${len(values)}{other}"
            conditions.append(text)
    return " AND ".join(conditions) or "TRUE", values


def _each(value: object) -> tuple[object, ...]:
    return cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,)


def beginning(text: str | None) -> str | None:
    """What begins so, as LIKE wants it, in lower case; no sign of the text stands for another."""
    if text is None:
        return None
    for sign in ("\\", "%", "_"):
        text = text.replace(sign, f"\\{sign}")
    return f"{text.lower()}%"


async def fetch_listed(
    connection: Connection, statement: str, values: Sequence[object]
) -> list[asyncpg.Record]:
    """The rows of a list, by the plan that is best for these very values."""
    async with connection.transaction(readonly=True):
        await connection.execute(_BY_VALUE)
        return await connection.fetch(statement, *values)
