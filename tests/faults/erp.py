"""The ERP: another system, which publishes its orders on Kafka."""

from decimal import Decimal

from shared.cause import Cause
from shared.contracts.external import ERP_ORDERS, ErpOrderChanged
from shared.contracts.pipeline import OrderLine
from shared.ids import derived_id
from shared.messaging.envelope import write_headers
from shared.telemetry import new_trace

from tests.faults.other_systems import Headers, OtherSystem
from tests.faults.world import ERP, Order


class Erp(OtherSystem):
    """Publishes orders."""

    async def publish(self, order: Order, status: str) -> None:
        """Publish an order as it is now; returns when the broker has it."""
        event = event_of(order, status)
        await self.send(
            ERP_ORDERS.name, order.number, event.model_dump_json().encode(), _headers(event)
        )


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
