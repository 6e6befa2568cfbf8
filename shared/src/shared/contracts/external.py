"""What Rapport reads from other enterprise systems, in the form that it asks of them."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field

from shared.contracts.pipeline import OrderLine
from shared.contracts.topic import Event, external_topic

ERP_ORDERS = external_topic(
    "erp", "order", key="order_no", holds="orders of the ERP, each revision"
)


HR_EMPLOYEES = external_topic(
    "hr", "employee", key="employee_id", holds="who joins, leaves or is away"
)


@HR_EMPLOYEES.fact("left")
class EmployeeLeft(Event):
    """An employee left; `employee_id` is the subject of the tokens that they signed in with.

    What they answered for goes to the successor or, where there is none yet, to the manager.
    """

    employee_id: str = Field(min_length=1, max_length=100)
    left_at: datetime
    manager_id: str = Field(min_length=1, max_length=100)
    successor_id: str | None = Field(default=None, min_length=1, max_length=100)


@ERP_ORDERS.fact("changed")
class ErpOrderChanged(Event):
    """An order as the ERP sees it now. A later `revision` replaces an earlier one.

    The customer is named by the ERP's own number: `customer_system` and `customer_ref` are an
    external id of the customer in contacts.
    """

    order_no: str = Field(min_length=1, max_length=100)
    revision: int = Field(ge=1)
    customer_system: str = Field(min_length=1, max_length=50)
    customer_ref: str = Field(min_length=1, max_length=100)
    status: Literal[
        "confirmed", "partially-delivered", "delivered", "invoiced", "paid", "cancelled"
    ]
    lines: tuple[OrderLine, ...] = ()
    total: Decimal = Field(max_digits=18, decimal_places=4)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    ordered_at: datetime
    changed_at: datetime
