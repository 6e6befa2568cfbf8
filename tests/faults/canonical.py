"""Canonical JSON: the same value is the same bytes, folded from the log or read from a row."""

import dataclasses
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from pydantic import BaseModel


def canonical(value: Any) -> bytes:
    """The bytes of a value: keys sorted, times in UTC, amounts as they are written."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    elif isinstance(value, BaseModel):
        value = {name: getattr(value, name) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def differences(what: str, wanted: Mapping[Any, Any], held: Mapping[Any, Any]) -> list[str]:
    """A sentence for each key that one side lacks or that differs by a byte."""
    found: list[str] = []
    for key in wanted.keys() | held.keys():
        if key not in held:
            found.append(f"{what} {key} is missing; the log says {canonical(wanted[key]).decode()}")
        elif key not in wanted:
            found.append(f"{what} {key} has no ground in the log: {canonical(held[key]).decode()}")
        elif (said := canonical(wanted[key])) != (is_ := canonical(held[key])):
            found.append(f"{what} {key} is {is_.decode()}, and the log says {said.decode()}")
    return sorted(found)
