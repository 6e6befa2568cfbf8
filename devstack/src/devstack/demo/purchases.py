"""The CDNOW data set: every purchase as the file has it, and what it says of each customer."""

import hashlib
import lzma
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from importlib import resources

CUSTOMERS = 23_570
PURCHASES = 69_659
SYSTEM = "cdnow"
CURRENCY = "USD"

_SHA256 = "eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef"
_HEADER = "customer_id date number_of_cds dollar_value"
_ROW = re.compile(r" (\d{5}) (\d{8}) +([1-9]\d*) +(\d+\.\d{2})")


class DataSetError(ValueError):
    """The file is not the data set that it should be."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """One row: an order of its own, also where it cost nothing or shares its day with another."""

    order_no: str
    customer_ref: str
    ordered_at: datetime
    cds: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class History:
    """What a customer's purchases come to."""

    order_count: int
    revenue: Decimal
    first_order_at: datetime
    last_order_at: datetime


def read_purchases() -> list[Purchase]:
    """Every purchase of the data set, in the order of the file."""
    packed = resources.files("devstack.demo") / "data" / "CDNOW_master.txt.xz"
    text = lzma.decompress(packed.read_bytes())
    if hashlib.sha256(text).hexdigest() != _SHA256:
        raise DataSetError("CDNOW_master.txt.xz is not the file that was published")
    purchases = parse(text.decode("ascii"))
    customers = len({purchase.customer_ref for purchase in purchases})
    if (len(purchases), customers) != (PURCHASES, CUSTOMERS):
        raise DataSetError(f"{len(purchases)} purchases of {customers} customers")
    return purchases


def parse(text: str) -> list[Purchase]:
    """Read the file's text strictly; raises `DataSetError` with the number of the line."""
    header, *rows = text.splitlines()
    if " ".join(header.split()) != _HEADER:
        raise DataSetError("line 1 is not the header")
    seen: Counter[str] = Counter()
    return [_purchase(number, row, seen) for number, row in enumerate(rows, 2)]


def _purchase(number: int, row: str, seen: Counter[str]) -> Purchase:
    match = _ROW.fullmatch(row)
    if match is None:
        raise DataSetError(f"line {number} is no purchase: {row!r}")
    customer, day, cds, amount = match.groups()
    seen[customer] += 1
    try:
        ordered_at = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise DataSetError(f"line {number} has no date: {day}") from error
    order_no = f"CDNOW-{customer}-{seen[customer]:03}"
    return Purchase(order_no, customer, ordered_at, int(cds), Decimal(amount))


def histories(purchases: Iterable[Purchase]) -> dict[str, History]:
    """What the file says of each customer, by its CDNOW id."""
    by_customer: defaultdict[str, list[Purchase]] = defaultdict(list)
    for purchase in purchases:
        by_customer[purchase.customer_ref].append(purchase)
    return {customer: _history(own) for customer, own in by_customer.items()}


def _history(purchases: Sequence[Purchase]) -> History:
    days = [purchase.ordered_at for purchase in purchases]
    revenue = sum((purchase.amount for purchase in purchases), Decimal(0))
    return History(len(purchases), revenue, min(days), max(days))
