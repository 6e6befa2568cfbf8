"""What customer-360 publishes: the profile of every customer, and grades worth a look."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from shared.contracts.contacts import CustomerKind, Grade, GradeComponent, Lifecycle
from shared.contracts.topic import Event, events_topic, state_topic

PROFILE_STATE = state_topic(
    "customer-360",
    "profile",
    key="customer_id",
    holds="the derived figures of every customer",
    personal_data="pseudonymous",
)

GRADE_EVENTS = events_topic(
    "customer-360",
    "grade",
    key="customer_id",
    holds="grades that contacts is asked to look at",
)


@GRADE_EVENTS.fact("suggested")
class GradeSuggested(Event):
    """What is known of the customer has left the band of its grade; contacts looks and decides.

    `components` are those of the grade in force with the figures of today; places among all are
    estimated. `input_hash` is of the grade in force and the figures: the same is told once.
    """

    customer_id: UUID
    current_grade: Grade
    suggested_grade: Grade
    score: Decimal
    components: tuple[GradeComponent, ...]
    policy_version: int
    input_hash: str


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
