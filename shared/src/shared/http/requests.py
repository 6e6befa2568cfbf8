"""What endpoints take from a request beside its body: ids, preconditions, pages, limits.

Each is a coroutine although it waits for nothing: FastAPI would hand a plain function to a thread,
which costs more than all that it does.
"""

import base64
import binascii
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeAlias, TypeVar
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel, StringConstraints

from shared.db import Pool
from shared.errors import InvalidError, PreconditionFailedError, TooManyRequestsError
from shared.ids import derived_id, new_id

ItemT = TypeVar("ItemT")

MAX_PAGE = 200

Text: TypeAlias = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$"),
]
"""A short text of a person: trimmed, not empty, storable."""

LongText: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=20_000, pattern=r"^[^\x00]*$")
]
Code: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")]
"""A code or an id of another system's."""

Currency: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class CursorInvalidError(InvalidError):
    """The cursor is not one that this list has given out."""


class IfMatchInvalidError(InvalidError):
    """If-Match takes one version in quotes, as ETag gave it."""


async def pool_of(request: Request) -> Pool:
    """The service's database."""
    pool: Pool = request.app.state.pool
    return pool


Database: TypeAlias = Annotated[Pool, Depends(pool_of)]


async def new_aggregate_id(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            max_length=200,
            description="The same key gives the same record: repeat what may have failed.",
        ),
    ] = None,
) -> UUID:
    """The id of what this request creates: derived from `Idempotency-Key`, so a repeat finds it.

    The key is the caller's own: another caller's equal key is another record.
    """
    if idempotency_key is None:
        return new_id()
    bearer = request.headers.get("authorization", "")
    caller = request.app.state.authenticator.claims(bearer.removeprefix("Bearer ").strip())[0]
    return derived_id("idempotency", caller, request.method, request.url.path, idempotency_key)


NewId: TypeAlias = Annotated[UUID, Depends(new_aggregate_id)]


async def expected_version(
    if_match: Annotated[
        str | None, Header(description='The version that you have seen, e.g. "3".')
    ] = None,
) -> int | None:
    """The version in If-Match, None where there is no condition."""
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    if not text.isascii() or not text.isdigit() or len(text) > 18:  # noqa: PLR2004 -- fits a bigint
        raise IfMatchInvalidError(if_match=if_match[:50])
    return int(text)


IfMatch: TypeAlias = Annotated[int | None, Depends(expected_version)]


def require_version(actual: int, expected: int | None) -> None:
    """Raise `PreconditionFailedError` where the caller has seen another version."""
    if expected is not None and actual != expected:
        raise PreconditionFailedError(version=actual, if_match=expected)


def tag_version(response: Response, version: int) -> None:
    """Answer with the aggregate's version, for If-Match and for `min_version` at the 360."""
    response.headers["ETag"] = f'"{version}"'


class Page(BaseModel, Generic[ItemT]):
    """A part of a list; `next` is the cursor of the following part, null at the end."""

    items: list[ItemT]
    next: str | None = None


def page_of(
    items: Sequence[ItemT], limit: int, key: Callable[[ItemT], Sequence[object]]
) -> Page[ItemT]:
    """A page of `items`, which were read with `limit + 1`; `key` is what the list is ordered by."""
    kept = list(items[:limit])
    return Page(items=kept, next=write_cursor(key(kept[-1])) if len(items) > limit else None)


def write_cursor(values: Sequence[object]) -> str:
    """An opaque cursor of a list's key."""
    return base64.urlsafe_b64encode(json.dumps([str(value) for value in values]).encode()).decode()


def read_cursor(cursor: str | None, *types: Callable[[str], ItemT]) -> list[ItemT] | None:
    """The key in a cursor, each part by its type; None for the first page."""
    if cursor is None:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return [convert(value) for convert, value in zip(types, values, strict=True)]
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise CursorInvalidError from error


Cursor: TypeAlias = Annotated[str | None, Query(max_length=500)]
Limit: TypeAlias = Annotated[int, Query(ge=1, le=MAX_PAGE)]


class RateLimit:
    """A dependency for doors that strangers use: so many requests a minute from one address.

    It counts within this process and forgets the addresses that it has not seen for longest.
    """

    def __init__(self, per_minute: int, addresses: int = 10_000) -> None:
        self.per_minute = per_minute
        self.addresses = addresses
        self._allowance: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, request: Request) -> None:
        """Raise `TooManyRequestsError` where the address has used up its allowance."""
        address = request.client.host if request.client else "unknown"
        now = time.monotonic()
        allowance, seen = self._allowance.pop(address, (float(self.per_minute), now))
        allowance = min(self.per_minute, allowance + (now - seen) * self.per_minute / 60)
        self._allowance[address] = (max(0.0, allowance - 1), now)
        if len(self._allowance) > self.addresses:
            self._allowance.popitem(last=False)
        if allowance < 1:
            raise TooManyRequestsError
