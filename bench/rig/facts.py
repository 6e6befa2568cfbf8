"""Real facts for an outbox: customers, deals and orders in the mix of a working day."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count, islice

from shared.cause import Cause
from shared.contracts.contacts import CustomerCreated, CustomerState, ExternalId
from shared.contracts.pipeline import DealOpened, OrderConfirmed, OrderLine
from shared.db import Connection
from shared.ids import new_id
from shared.messaging.outbox import Fact, append
from shared.telemetry import new_trace

CHUNK = 4_000
PER_CUSTOMER = 4
"""Facts that one customer of the mix brings: created, its state, a deal, an order."""


def cause_of_bench() -> Cause:
    return Cause("user:bench", datetime.now(UTC), str(new_id()), new_trace())


def facts() -> Iterator[Fact]:
    """Facts without an end: of each customer its creation, its state, a deal and an order."""
    for number in count(1):
        yield from _facts_of(number)


def _facts_of(number: int) -> list[Fact]:
    customer_id, now = new_id(), datetime.now(UTC)
    names = (ExternalId(system="erp", id=f"C-{number:07}"),)
    created = CustomerCreated(
        customer_id=customer_id,
        kind="organization",
        lifecycle="prospect",
        source="erp",
        owner_id="sales-7",
        region="Wien",
        industry="machinery",
        external_ids=names,
    )
    state = CustomerState(
        customer_id=customer_id,
        kind="organization",
        display_name=f"Maschinenfabrik {number} GmbH",
        lifecycle="prospect",
        lifecycle_since=now,
        owner_id="sales-7",
        source="erp",
        region="Wien",
        industry="machinery",
        language="de",
        currency="EUR",
        external_ids=names,
        created_at=now,
    )
    deal = DealOpened(
        deal_id=new_id(),
        customer_id=customer_id,
        pipeline_id=new_id(),
        pipeline_version=1,
        stage_id="qualified",
        kind="new-business",
        amount=Decimal("12500.00"),
        currency="EUR",
        probability=20,
        expected_close_date=now.date(),
        owner_id="sales-7",
        source="erp",
    )
    line = OrderLine(
        line_id="1", product_id="press-40", quantity=Decimal(1), amount=Decimal("980.50")
    )
    order = OrderConfirmed(
        order_id=new_id(),
        external_system="erp",
        external_ref=f"O-{number:07}",
        customer_id=customer_id,
        lines=(line,),
        total=line.amount,
        currency="EUR",
        ordered_at=now,
    )
    return [Fact(created, 1), Fact(state, 1), Fact(deal, 1), Fact(order, 1)]


async def fill_outbox(connection: Connection, rows: int) -> None:
    """Put so many facts into the outbox, in transactions of a few thousand."""
    endless = facts()
    for first in range(0, rows, CHUNK):
        async with connection.transaction():
            few = islice(endless, min(CHUNK, rows - first))
            await append(connection, cause_of_bench(), few)
