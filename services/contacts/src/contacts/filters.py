"""The WHERE of a list: a condition for each filter that was given, and none for the others.

A statement that holds a dozen of `$1 IS NULL OR …` is planned once for all of them, sooner or
later, and that plan reads the whole table for a rare value.
"""

from collections.abc import Mapping
from typing import cast


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
