"""What customer-360 publishes: the current profile of every customer, without personal data."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from shared.contracts.contacts import CustomerKind, Lifecycle
from shared.contracts.topic import Event, state_topic

PROFILE_STATE = state_topic(
    "customer-360",
    "profile",
    key="customer_id",
    holds="the derived figures of every customer",
    personal_data="pseudonymous",
)


@PROFILE_STATE.fact("state")
class ProfileState(Event):
    """The derived figures of one customer. `revenue` is per currency, of orders not cancelled."""

    customer_id: UUID
    kind: CustomerKind | None = None
    lifecycle: Lifecycle | None = None
    owner_id: str | None = None
    order_count: int
    revenue: dict[str, Decimal]
    first_order_at: datetime | None = None
    last_order_at: datetime | None = None
    rfm_cell: str | None = None
    open_deals: int
    open_deal_amount: dict[str, Decimal]
    won_deals: int
    open_tickets: int
    open_critical_tickets: int
    breached_clocks: int
    messages_sent: int
    messages_clicked: int
    alerts: tuple[str, ...] = ()
