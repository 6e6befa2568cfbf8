"""The shape of the view: what the read API answers of one customer."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from shared.contracts.contacts import Credit, ExternalId, Grading

from customer_360.alerts.derive import Alert
from customer_360.deals.fold import Risk
from customer_360.groups.living import HouseholdShown, PartnerShown
from customer_360.groups.related import RelatedShown
from customer_360.groups.rolling_up import GroupShown
from customer_360.profiles.handed_over import HandoverShown
from customer_360.profiles.identity import IdentitySection
from customer_360.profiles.persons import Person
from customer_360.profiles.promised import CommitmentsShown
from customer_360.sources.progress import SourceProgress


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class Header(_Shown):
    """Who the customer is; `record_status` says where its record stands, archived for example."""

    version: int
    kind: str | None
    display_name: str | None
    legal_name: str | None
    lifecycle: str | None
    lifecycle_since: datetime | None
    owner_id: str | None
    source: str | None
    territory_code: str | None
    region: str | None
    industry: str | None
    size_band: str | None
    language: str | None
    currency: str | None
    timezone: str | None
    website: str | None
    tags: tuple[str, ...]
    external_ids: tuple[ExternalId, ...]
    created_at: datetime | None
    record_status: str | None


class PrivacyRequestShown(_Shown):
    """What one of these people asked about their own data; `contact_ids` are those shown here."""

    request_id: UUID
    version: int
    kind: str
    status: str
    contact_ids: list[UUID]
    since: datetime | None
    deadline_at: datetime | None


class PrivacySection(_Shown):
    """Erasures, access requests and restrictions that are open; consents stand with the people."""

    open: list[PrivacyRequestShown]


class LeadShown(_Shown):
    """A lead of the customer or of one of its people."""

    lead_id: UUID
    version: int
    status: str
    source: str | None
    channel: str | None
    owner_id: str | None
    grade: str | None
    score: int | None
    product_interests: tuple[str, ...]
    received_at: datetime | None
    response_due_at: datetime | None
    responded_at: datetime | None
    deal_id: UUID | None


class DealShown(_Shown):
    """An open deal."""

    deal_id: UUID
    version: int
    stage_id: str | None
    amount: Decimal | None
    currency: str | None
    probability: int | None
    expected_close_date: date | None
    owner_id: str | None
    product_lines: tuple[str, ...]
    opened_at: datetime | None
    risks: tuple[Risk, ...]


class Deals(_Shown):
    """Chances to sell, and how earlier ones ended."""

    open: list[DealShown]
    won_count: int
    lost_count: int
    open_amount: dict[str, Decimal]
    won_amount: dict[str, Decimal]


class OrderShown(_Shown):
    """An order; `due_at` and `overdue_level` while its invoice is overdue."""

    order_id: UUID
    version: int
    status: str
    external_ref: str | None
    line_count: int
    total: Decimal
    currency: str
    ordered_at: datetime | None
    due_at: datetime | None
    overdue_level: int


class Orders(_Shown):
    """What was bought; cancelled orders are listed but not counted."""

    count: int
    revenue: dict[str, Decimal]
    first_order_at: datetime | None
    last_order_at: datetime | None
    recent: list[OrderShown]


class RfmShown(_Shown):
    """Scores 1–5 and their cell."""

    r: int
    f: int
    m: int
    cell: str


class Value(_Shown):
    """What the customer is worth; `rfm_as_of` is the day that recency counts from."""

    rfm: RfmShown | None
    rfm_as_of: datetime


class TicketShown(_Shown):
    """A ticket."""

    ticket_id: UUID
    version: int
    number: str | None
    status: str
    ticket_type: str | None
    category: str | None
    severity: int | None
    priority: str | None
    agent_id: str | None
    reopen_count: int
    received_at: datetime | None
    first_responded_at: datetime | None
    resolved_at: datetime | None


class ClockShown(_Shown):
    """A promise that still runs or rests."""

    clock_id: UUID
    ticket_id: UUID
    metric: str
    status: str
    target_minutes: int | None
    due_at: datetime | None
    warned_percent: int | None
    breached_at: datetime | None


class Csat(_Shown):
    """How satisfied people said they were."""

    last: int | None
    average: float | None
    answers: int


class ServiceSection(_Shown):
    """What the customer needs of us now, and how it went before."""

    open: list[TicketShown]
    open_critical: int
    recent: list[TicketShown]
    clocks: list[ClockShown]
    breached: int
    csat: Csat
    nps_last: int | None


class TouchShown(_Shown):
    """A campaign message to one of the customer's people."""

    message_id: UUID
    version: int
    campaign_id: UUID | None
    campaign: str | None
    contact_id: UUID | None
    channel: str | None
    status: str
    reason_code: str | None
    touched_at: datetime | None
    sent_at: datetime | None
    clicked_at: datetime | None
    unsubscribed_at: datetime | None


class ResponseShown(_Shown):
    """How a person reacted to a campaign."""

    response_id: UUID
    campaign_id: UUID | None
    kind: str | None
    occurred_at: datetime | None


class Campaigns(_Shown):
    """The newest touches and responses, and counts over all of them."""

    touches: list[TouchShown]
    responses: list[ResponseShown]
    sent: int
    clicked: int


class InteractionShown(_Shown):
    """A touch with the customer; what was said is read at contacts."""

    interaction_id: UUID
    version: int
    contact_ids: tuple[UUID, ...]
    channel: str | None
    direction: str | None
    kind: str | None
    outcome: str | None
    sentiment: str | None
    department: str | None
    actor_id: str | None
    duration_s: int | None
    related_type: str | None
    related_id: UUID | None
    source: str | None
    occurred_at: datetime | None


class InteractionSection(_Shown):
    """When the customer was last in touch with us, and how, with any department."""

    last_at: datetime | None
    recent: list[InteractionShown]


class PreferenceShown(_Shown):
    """What the customer, or a person at it, likes, and how sure we are."""

    preference_id: UUID
    version: int
    contact_id: UUID | None
    key: str | None
    value_code: str | None
    source_ref: str | None
    confidence: Decimal | None
    learned_at: datetime | None


class CustomerView(_Shown):
    """One customer, from every service; `stale` where a version asked for has not arrived yet.

    `aliases` are the ids of the records that were merged into it: each of them means this customer.
    """

    customer_id: UUID
    aliases: list[UUID]
    profile_version: int
    stale: bool
    as_of: dict[str, SourceProgress]
    header: Header | None
    people: list[Person]
    identity: IdentitySection
    privacy: PrivacySection
    handovers: list[HandoverShown]
    leads: list[LeadShown]
    deals: Deals
    commitments: CommitmentsShown
    orders: Orders
    value: Value
    service: ServiceSection
    campaigns: Campaigns
    interactions: InteractionSection
    preferences: list[PreferenceShown]
    grade: Grading | None
    credit: Credit | None
    group: GroupShown | None
    related: list[RelatedShown]
    households: list[HouseholdShown]
    partners: list[PartnerShown]
    alerts: list[Alert]
    timeline_url: str
