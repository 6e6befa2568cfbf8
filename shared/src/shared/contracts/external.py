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


@HR_EMPLOYEES.fact("absent")
class EmployeeAbsent(Event):
    """An employee is away from now on, until a date; the deputy answers for what is theirs.

    To be told when the absence begins. One that is over when it is read changes nothing.
    """

    employee_id: str = Field(min_length=1, max_length=100)
    absent_from: datetime
    absent_until: datetime
    deputy_id: str = Field(min_length=1, max_length=100)


CTI_CALLS = external_topic(
    "cti",
    "call",
    key="call_id",
    holds="calls of the telephone system, each when it is over",
    personal_data="personal",
)


@CTI_CALLS.fact("completed")
class CallCompleted(Event):
    """A telephone call is over. `phone` is the other party's number, best with its country code.

    `agent_id` is the subject of the tokens that our side signs in with. The number stays with us:
    it finds the person, and no fact of Rapport carries it.
    """

    call_id: str = Field(min_length=1, max_length=100)
    direction: Literal["inbound", "outbound"]
    phone: str = Field(min_length=1, max_length=50)
    started_at: datetime
    duration_s: int = Field(ge=0, le=604_800)
    agent_id: str | None = Field(default=None, min_length=1, max_length=100)
    department: str | None = Field(default=None, pattern=r"^[a-z0-9-]{1,50}$")
    outcome: Literal["answered", "missed", "voicemail", "busy"] = "answered"


POS_PURCHASES = external_topic(
    "pos", "purchase", key="receipt_no", holds="purchases in shops, by whoever showed a card"
)


@POS_PURCHASES.fact("recorded")
class PurchaseRecorded(Event):
    """Somebody bought in a shop and showed a loyalty card of a program.

    The number is linked to its person in contacts, with the program as the source.
    """

    receipt_no: str = Field(min_length=1, max_length=100)
    store_id: str = Field(min_length=1, max_length=50)
    program: str = Field(min_length=1, max_length=50)
    loyalty_no: str = Field(min_length=1, max_length=100)
    product_ids: tuple[str, ...] = Field(default=(), max_length=200)
    total: Decimal = Field(max_digits=18, decimal_places=4)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    purchased_at: datetime


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
