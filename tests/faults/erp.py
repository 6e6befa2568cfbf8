"""The ERP: another system that publishes its orders on Kafka, and repeats what may be lost."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from shared.cause import Cause
from shared.contracts.external import ERP_ORDERS, ErpOrderChanged
from shared.contracts.pipeline import OrderLine
from shared.ids import derived_id
from shared.messaging.envelope import write_headers
from shared.settings import KafkaSettings
from shared.telemetry import new_trace

from tests.faults.world import ERP, Order

PATIENCE = 120.0

Headers = Sequence[tuple[str, bytes]]


@dataclass
class Erp:
    """One producer; made anew when the broker was away."""

    kafka: KafkaSettings
    acknowledged: int = 0
    repeats: int = 0
    _producer: Any = None

    async def publish(self, order: Order, status: str) -> None:
        """Publish an order as it is now; returns when the broker has it."""
        event = event_of(order, status)
        await self.send(
            ERP_ORDERS.name, order.number, event.model_dump_json().encode(), _headers(event)
        )

    async def send(self, topic: str, key: str, value: bytes | None, headers: Headers) -> None:
        """Send one record until it is acknowledged: a repeat has the same id."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                producer = await self._started()
                await producer.send_and_wait(topic, value, key=key.encode(), headers=list(headers))
            except (KafkaError, OSError):
                if time.monotonic() > deadline:
                    raise
                self.repeats += 1
                await self.close()
                await asyncio.sleep(0.25)
            else:
                self.acknowledged += 1
                return

    async def _started(self) -> Any:
        if self._producer is None:
            producer = AIOKafkaProducer(
                **self.kafka.client_options(), enable_idempotence=True, acks="all"
            )
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            if self._producer is not None:  # somebody else was quicker
                await producer.stop()
                return self._producer
            self._producer = producer
        return self._producer

    async def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()


def event_of(order: Order, status: str) -> ErpOrderChanged:
    """What the ERP says of an order."""
    total = Decimal(order.total)
    line = OrderLine(line_id="1", product_id="lamp", quantity=Decimal(1), amount=total)
    return ErpOrderChanged.model_validate(
        {
            "order_no": order.number,
            "revision": order.revision,
            "customer_system": ERP,
            "customer_ref": order.ref,
            "status": status,
            "lines": (line,),
            "total": total,
            "currency": "EUR",
            "ordered_at": order.at,
            "changed_at": order.at,
        }
    )


def _headers(event: ErpOrderChanged) -> Headers:
    cause = Cause(
        actor="service:erp",
        at=event.changed_at,
        correlation_id=event.order_no,
        trace=new_trace(),
    )
    event_id = derived_id("erp", event.order_no, event.revision)
    headers = write_headers(event_id, ErpOrderChanged, event.order_no, event.revision, cause)
    return [(name, value.encode()) for name, value in headers.items()]
