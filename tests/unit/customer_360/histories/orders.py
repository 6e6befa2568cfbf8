"""What is told of orders, and of those that were not paid in time."""

from decimal import Decimal
from typing import Any

from shared.contracts import pipeline
from shared.contracts.topic import Event

from tests.unit.customer_360.histories.ids import Ids, an_id
from tests.unit.customer_360.histories.times import at


class OrderFacts(Ids):
    def order(self, number: int, total: str = "29.33", **changes: Any) -> pipeline.OrderConfirmed:
        fields: dict[str, Any] = {
            "order_id": an_id(f"order-{number}", self.name),
            "external_system": "erp",
            "external_ref": f"{self.name}-{number}",
            "customer_id": self.customer,
            "lines": (
                pipeline.OrderLine(
                    line_id="1", product_id="cd", quantity=Decimal(2), amount=Decimal(total)
                ),
            ),
            "total": Decimal(total),
            "currency": "USD",
            "ordered_at": at(24 * number),
        }
        return pipeline.OrderConfirmed(**{**fields, **changes})

    def _order_paid(self) -> Event:
        return self._order_moved(1, "paid", "29.33")

    def _order_cancelled(self) -> Event:
        return self._order_moved(2, "cancelled", "10.00")

    def order_invoiced(self) -> Event:
        return self._order_moved(3, "invoiced", "29.33")

    def order_paid_late(self) -> Event:
        return self._order_moved(3, "paid", "29.33")

    def paid_late(self) -> list[Event]:
        return [
            self.order(3),
            self.order_invoiced(),
            self.not_paid(1),
            self.not_paid(2),
            self.order_paid_late(),
        ]

    def not_paid(self, level: int) -> pipeline.OrderPaymentOverdue:
        return pipeline.OrderPaymentOverdue(
            order_id=an_id("order-3", self.name),
            customer_id=self.customer,
            external_ref=f"{self.name}-3",
            total=Decimal("29.33"),
            currency="USD",
            invoiced_at=at(30),
            terms_days=14,
            due_at=at(30 + 14 * 24),
            days_overdue=level,
            level=level,
            policy_version=1,
        )

    def _order_moved(self, number: int, to: Any, total: str) -> Event:
        return pipeline.OrderStatusChanged(
            order_id=an_id(f"order-{number}", self.name),
            customer_id=self.customer,
            from_status="confirmed",
            to_status=to,
            total=Decimal(total),
            currency="USD",
            changed_at=at(30),
        )

    def _order_revised(self) -> Event:
        return pipeline.OrderRevised(
            order_id=an_id("order-1", self.name),
            customer_id=self.customer,
            lines=(),
            from_total=Decimal("29.33"),
            total=Decimal("31.00"),
            currency="USD",
        )
