"""Customers: the parties that the company deals with."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.contacts.ratings import Credit, Grading
from shared.contracts.contacts.values import RecordStatus
from shared.contracts.topic import Event, events_topic, state_topic
from shared.contracts.values import Value

CustomerKind = Literal["organization", "individual"]
Lifecycle = Literal["prospect", "customer", "dormant", "churned", "disqualified", "offboarded"]
OffboardedFor = Literal["loss-making", "bad-debt", "litigation", "fraud"]
CUSTOMER_EVENTS = events_topic(
    "contacts", "customer", key="customer_id", holds="every fact of a customer"
)
CUSTOMER_STATE = state_topic(
    "contacts", "customer", key="customer_id", holds="the current customer, names included"
)


class ExternalId(Value):
    """How another system names the same customer."""

    system: str
    id: str


class Acquisition(Value):
    """How a customer was won over: by which channel and campaign, and what that cost."""

    channel: str
    campaign_id: UUID | None = None
    cost: Decimal | None = None
    currency: str | None = None


@CUSTOMER_EVENTS.fact("created")
class CustomerCreated(Event):
    """A party became known to the company."""

    customer_id: UUID
    kind: CustomerKind
    lifecycle: Lifecycle
    source: str
    owner_id: str | None = None
    queue: str | None = None
    territory_code: str | None = None
    region: str | None = None
    industry: str | None = None
    size_band: str | None = None
    team_id: str | None = None
    acquisition: Acquisition | None = None
    external_ids: tuple[ExternalId, ...] = ()
    import_id: UUID | None = None


@CUSTOMER_EVENTS.fact("updated")
class CustomerUpdated(Event):
    """Fields of a customer changed: one event per transaction, the names of the fields only."""

    customer_id: UUID
    changed_fields: tuple[str, ...]
    import_id: UUID | None = None


@CUSTOMER_EVENTS.fact("lifecycle-changed")
class CustomerLifecycleChanged(Event):
    """The customer moved in its lifecycle, for a stated reason.

    Where it moved because nothing was heard of it (`quiet`), `quiet_since` says since when, and
    `policy_version` by which dormancy policy that is too long. `won-back` is the reason where a
    churned customer is one again by a deal.
    """

    customer_id: UUID
    from_lifecycle: Lifecycle
    to_lifecycle: Lifecycle
    reason_code: str
    cause_type: str | None = None
    cause_id: UUID | None = None
    since: datetime
    quiet_since: datetime | None = None
    policy_version: int | None = None


@CUSTOMER_EVENTS.fact("offboarded")
class CustomerOffboarded(Event):
    """The company does no business with the customer any more; two people decided it.

    The move in the lifecycle is a fact beside it, and so is the way back.
    """

    customer_id: UUID
    reason_code: Annotated[str, Open.to(OffboardedFor)]
    approved_by: str
    effective_at: datetime


@CUSTOMER_EVENTS.fact("owner-changed")
class CustomerOwnerChanged(Event):
    """Another employee answers for the customer from now on."""

    customer_id: UUID
    from_owner_id: str | None = None
    from_queue: str | None = None
    to_owner_id: str
    reason_code: str
    handover_id: UUID | None = None


@CUSTOMER_EVENTS.fact("queued")
class CustomerQueued(Event):
    """Nobody answers for the customer from now on: it waits in a queue for whoever takes it."""

    customer_id: UUID
    from_owner_id: str | None = None
    from_queue: str | None = None
    to_queue: str
    reason_code: str


@CUSTOMER_EVENTS.fact("preference-learned")
class CustomerPreferenceLearned(Event):
    """What the customer, or a person at it, likes: the whole of it as it is now, in codes.

    `key` and `value_code` are lower-case codes without blanks (`call-time`, `morning`): free text
    is in no fact. `confidence` is above 0; 1 is what they said themselves.
    """

    preference_id: UUID
    customer_id: UUID
    contact_id: UUID | None = None
    key: str
    value_code: str
    source_ref: str | None = None
    confidence: float
    learned_at: datetime


@CUSTOMER_EVENTS.fact("archived")
class CustomerArchived(Event):
    """The customer's record was put away: found when asked for, offered no longer."""

    customer_id: UUID
    reason_code: str


@CUSTOMER_EVENTS.fact("restored")
class CustomerRestored(Event):
    """The customer's record is in use again."""

    customer_id: UUID


@CUSTOMER_EVENTS.fact("record-status-changed")
class CustomerRecordStatusChanged(Event):
    """The customer's record waits for its erasure, was erased, or is kept after all."""

    customer_id: UUID
    from_status: RecordStatus
    to_status: RecordStatus
    request_id: UUID


@CUSTOMER_STATE.fact("state")
class CustomerState(Event):
    """The whole customer as contacts knows it now.

    It has an owner, or waits in a queue; of neither says only who was told before there were any.
    `custom` is what an installation says besides, by names of its own; its `schema_version` tells
    which names these are. `annual_revenue` is in the customer's currency.
    """

    customer_id: UUID
    kind: CustomerKind
    display_name: str
    legal_name: str | None = None
    tax_id: str | None = None
    lifecycle: Lifecycle
    lifecycle_since: datetime
    owner_id: str | None = None
    queue: str | None = None
    source: str
    territory_code: str | None = None
    region: str | None = None
    industry: str | None = None
    size_band: str | None = None
    language: str | None = None
    currency: str | None = None
    timezone: str | None = None
    website: str | None = None
    tags: tuple[str, ...] = ()
    external_ids: tuple[ExternalId, ...] = ()
    created_at: datetime
    record_status: RecordStatus = "active"
    merged_into: UUID | None = None
    grading: Grading | None = None
    credit: Credit | None = None
    registration_no: str | None = None
    annual_revenue: Decimal | None = None
    domains: tuple[str, ...] = ()
    team_id: str | None = None
    acquisition: Acquisition | None = None
    custom: dict[str, bool | int | float | str] | None = None
