"""Credit: how much a customer may owe us, how much it does, and when nothing more is sold so."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.contacts.customers import CUSTOMER_EVENTS
from shared.contracts.contacts.ratings import CreditBasis, HoldReason
from shared.contracts.topic import Event


@CUSTOMER_EVENTS.fact("credit-limit-set")
class CustomerCreditLimitSet(Event):
    """So much may be owed from now on; `basis` says what the policy would have allowed, and why."""

    customer_id: UUID
    limit: Decimal
    currency: str
    terms_days: int
    basis: CreditBasis | None = None
    set_by: str
    approved_by: str | None = None
    set_at: datetime
    valid_until: datetime


@CUSTOMER_EVENTS.fact("credit-limit-expired")
class CustomerCreditLimitExpired(Event):
    """Nobody has looked at the limit for as long as it was set for; `basis` says what is due now.

    It is told once, and the limit is measured by until another is set: a date alone stops no sale.
    `basis` is absent where the policy knows no cap in the limit's currency.
    """

    customer_id: UUID
    limit: Decimal
    currency: str
    valid_until: datetime
    basis: CreditBasis | None = None


@CUSTOMER_EVENTS.fact("credit-exposure-changed")
class CustomerCreditExposureChanged(Event):
    """What the customer owes changed; told of customers with a limit, in its currency."""

    customer_id: UUID
    exposure: Decimal
    available: Decimal
    overdue_amount: Decimal
    currency: str
    order_id: UUID | None = None


@CUSTOMER_EVENTS.fact("credit-hold-placed")
class CustomerCreditHoldPlaced(Event):
    """Nothing is sold to the customer on credit; a later hold takes the place of an earlier one.

    `placed_by` is `policy` where the exposure exceeds the limit or invoices are overdue too long.
    """

    customer_id: UUID
    reason_code: Annotated[str, Open.to(HoldReason)]
    is_manual: bool
    exposure: Decimal
    overdue_amount: Decimal
    currency: str | None = None
    placed_by: str
    placed_at: datetime


@CUSTOMER_EVENTS.fact("credit-hold-released")
class CustomerCreditHoldReleased(Event):
    """The customer may buy on credit again."""

    customer_id: UUID
    released_by: str
    reason_code: str
    released_at: datetime
