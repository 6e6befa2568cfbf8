"""Step 2: the purchases of the data set, published as the ERP would publish its orders.

A purchase is the same record whenever it is published: same order number, same `ce_id`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from decimal import Decimal

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from shared.cause import Cause
from shared.contracts.external import ERP_ORDERS, ErpOrderChanged
from shared.contracts.pipeline import OrderLine
from shared.ids import derived_id
from shared.messaging.envelope import write_headers
from shared.settings import KafkaSettings
from shared.telemetry import TraceParent, new_trace

from devstack.demo.doors import OUTAGE_SECONDS, PAUSE_SECONDS
from devstack.demo.errors import NeverError
from devstack.demo.purchases import CURRENCY, SYSTEM, Purchase

CHUNK = 2_000


async def publish_orders(
    kafka: KafkaSettings, purchases: Sequence[Purchase], advance: Callable[[int], None]
) -> None:
    """Publish every purchase; returns when the broker has acknowledged the last."""
    trace = new_trace()
    producer: AIOKafkaProducer | None = None
    try:
        for chunk in _chunks(purchases):
            records = [_record(purchase, _cause(purchase, trace)) for purchase in chunk]
            producer = await _deliver(kafka, producer, records)
            advance(len(chunk))
    finally:
        if producer is not None:
            await producer.stop()


_Record = tuple[bytes, bytes, list[tuple[str, bytes]]]


async def _deliver(
    kafka: KafkaSettings, producer: AIOKafkaProducer | None, records: Sequence[_Record]
) -> AIOKafkaProducer:
    """Send until all is acknowledged; after an error anew, all of it: a repeat does no harm."""
    deadline = time.monotonic() + OUTAGE_SECONDS
    while True:
        try:
            producer = producer or await _producer(kafka)
            sent: list[Awaitable[object]] = [
                await producer.send(ERP_ORDERS.name, value, key=key, headers=headers)  # pyright: ignore[reportUnknownMemberType]
                for key, value, headers in records
            ]
            await asyncio.gather(*sent)
        except (KafkaError, OSError) as error:
            if time.monotonic() > deadline:
                raise NeverError("Kafka takes orders", OUTAGE_SECONDS, repr(error)) from error
            if producer is not None:
                await producer.stop()
                producer = None
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return producer


async def _producer(kafka: KafkaSettings) -> AIOKafkaProducer:
    producer = AIOKafkaProducer(
        **kafka.client_options(),
        enable_idempotence=True,
        acks="all",
        linger_ms=5,
        max_batch_size=256 * 1024,
    )
    try:
        await producer.start()
    except BaseException:
        await producer.stop()
        raise
    return producer


def _chunks(purchases: Sequence[Purchase]) -> Iterator[Sequence[Purchase]]:
    for start in range(0, len(purchases), CHUNK):
        yield purchases[start : start + CHUNK]


def _cause(purchase: Purchase, trace: TraceParent) -> Cause:
    return Cause(
        actor="service:erp",
        at=purchase.ordered_at,
        correlation_id=purchase.order_no,
        trace=trace.child(),
    )


def _record(purchase: Purchase, cause: Cause) -> _Record:
    event_id = derived_id("cdnow", purchase.order_no)
    headers = write_headers(event_id, ErpOrderChanged, purchase.order_no, 1, cause)
    fact = order_of(purchase).model_dump_json(exclude_none=True)
    return (
        purchase.order_no.encode(),
        fact.encode(),
        [(name, text.encode()) for name, text in headers.items()],
    )


def order_of(purchase: Purchase) -> ErpOrderChanged:
    """The purchase as the ERP's paid order of one line."""
    line = OrderLine(
        line_id="1", product_id="cd", quantity=Decimal(purchase.cds), amount=purchase.amount
    )
    return ErpOrderChanged(
        order_no=purchase.order_no,
        revision=1,
        customer_system=SYSTEM,
        customer_ref=purchase.customer_ref,
        status="paid",
        lines=(line,),
        total=purchase.amount,
        currency=CURRENCY,
        ordered_at=purchase.ordered_at,
        changed_at=purchase.ordered_at,
    )
