"""Whether the 360 says of every customer what the file says; differences are named one by one."""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from devstack.demo.doors import Caller, Json
from devstack.demo.purchases import CURRENCY, SYSTEM, History

PAGE = 1000


@dataclass(frozen=True)
class Parity:
    """What the 360 shows of the data set's customers in all, and where it differs from the file."""

    customers: int
    orders: int
    revenue: Decimal
    differences: Sequence[str]


async def compare(reader: Caller, expected: Mapping[str, History]) -> Parity:
    """Compare the profile of each and every customer of the data set with the file."""
    profiles = [profile async for profile in _profiles(reader)]
    seen: set[str] = set()
    found = [fault for profile in profiles for fault in _differences(profile, expected, seen)]
    found += [f"customer {ref} has no profile" for ref in sorted(expected.keys() - seen)]
    return Parity(
        customers=len(seen),
        orders=sum(profile["order_count"] for profile in profiles),
        revenue=sum((_revenue(profile["revenue"]) for profile in profiles), Decimal(0)),
        differences=found,
    )


async def _profiles(reader: Caller) -> AsyncGenerator[Json]:
    cursor: str | None = None
    while True:
        page = await reader.get(
            "customer-360", "/v1/profiles", external_system=SYSTEM, cursor=cursor, limit=PAGE
        )
        for profile in page["items"]:
            yield profile
        cursor = page["next"]
        if cursor is None:
            return


def _differences(profile: Json, expected: Mapping[str, History], seen: set[str]) -> Iterator[str]:
    ref = str(profile["external_id"])
    if ref in seen:
        yield f"customer {ref} has two profiles"
    elif ref not in expected:
        yield f"customer {ref} is not in the file"
    else:
        shown, right = _history(profile), expected[ref]
        if shown != right:
            yield f"customer {ref}: the file says {right}, the 360 {shown or 'no orders'}"
    seen.add(ref)


def _history(profile: Json) -> History | None:
    first, last = profile["first_order_at"], profile["last_order_at"]
    if first is None or last is None:
        return None
    return History(
        order_count=profile["order_count"],
        revenue=_revenue(profile["revenue"]),
        first_order_at=datetime.fromisoformat(first),
        last_order_at=datetime.fromisoformat(last),
    )


def _revenue(amounts: Mapping[str, str]) -> Decimal:
    """The revenue in the data set's currency; in any other it should be none, and is a NaN."""
    if amounts.keys() - {CURRENCY}:
        return Decimal("NaN")
    return Decimal(str(amounts.get(CURRENCY, 0)))
