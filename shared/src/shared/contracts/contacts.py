"""What contacts publishes: parties, people, their consents, and imports."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.contracts.codes import Open
from shared.contracts.topic import Event, events_topic, state_topic

CustomerKind = Literal["organization", "individual"]
Lifecycle = Literal["prospect", "customer", "dormant", "churned", "disqualified", "offboarded"]
PointType = Literal["email", "phone", "mobile"]
PointStatus = Literal["active", "invalid", "retired"]
Channel = Literal["email", "phone", "sms", "post"]
Purpose = Literal["marketing", "newsletter", "events", "partner-offers", "service", "profiling"]
ConsentStatus = Literal["unknown", "granted", "denied", "withdrawn"]
InvalidFor = Literal["hard-bounce", "disconnected", "returned-mail", "owner-changed", "removed"]
IdentifierType = Literal[
    "submission", "visitor_id", "email_hash", "phone_hash", "external_id", "lead"
]
SuppressionReason = Literal["opt-out", "hard-bounce", "complaint", "legal", "erasure", "manual"]

CUSTOMER_EVENTS = events_topic(
    "contacts", "customer", key="customer_id", holds="every fact of a customer"
)
CUSTOMER_STATE = state_topic(
    "contacts", "customer", key="customer_id", holds="the current customer, names included"
)
CONTACT_EVENTS = events_topic(
    "contacts", "contact", key="contact_id", holds="every fact of a person"
)
CONTACT_STATE = state_topic(
    "contacts", "contact", key="contact_id", holds="the current person: names, points, memberships"
)
CONSENT_EVENTS = events_topic(
    "contacts", "consent", key="consent_id", holds="consent per contact, channel and purpose"
)
SUPPRESSION_EVENTS = events_topic(
    "contacts", "suppression", key="suppression_id", holds="who may not be written to, by hash"
)
IDENTITY_EVENTS = events_topic(
    "contacts", "identity", key="link_id", holds="which outside identifier belongs to whom"
)
IMPORT_EVENTS = events_topic(
    "contacts", "import", key="import_id", holds="runs of file imports", personal_data="none"
)


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ExternalId(_Value):
    """How another system names the same customer."""

    system: str
    id: str


class Membership(_Value):
    """A person's part in a customer; ended, never overwritten."""

    customer_id: UUID
    role: str | None = None
    is_primary: bool = False
    since: datetime
    until: datetime | None = None


class ContactPoint(_Value):
    """An address of a person on one channel; `normalized` is what is compared and sent to."""

    point_id: UUID
    type: PointType
    value: str
    normalized: str
    is_primary: bool = False
    status: PointStatus = "active"


@CUSTOMER_EVENTS.fact("created")
class CustomerCreated(Event):
    """A party became known to the company."""

    customer_id: UUID
    kind: CustomerKind
    lifecycle: Lifecycle
    source: str
    owner_id: str | None = None
    territory_code: str | None = None
    region: str | None = None
    industry: str | None = None
    size_band: str | None = None
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
    """The customer moved in its lifecycle, for a stated reason."""

    customer_id: UUID
    from_lifecycle: Lifecycle
    to_lifecycle: Lifecycle
    reason_code: str
    cause_type: str | None = None
    cause_id: UUID | None = None
    since: datetime


@CUSTOMER_EVENTS.fact("owner-changed")
class CustomerOwnerChanged(Event):
    """Another employee answers for the customer from now on."""

    customer_id: UUID
    from_owner_id: str | None = None
    to_owner_id: str
    reason_code: str


@CUSTOMER_STATE.fact("state")
class CustomerState(Event):
    """The whole customer as contacts knows it now."""

    customer_id: UUID
    kind: CustomerKind
    display_name: str
    legal_name: str | None = None
    lifecycle: Lifecycle
    lifecycle_since: datetime
    owner_id: str | None = None
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


@CONTACT_EVENTS.fact("created")
class ContactCreated(Event):
    """A person became known to the company."""

    contact_id: UUID
    customer_ids: tuple[UUID, ...] = ()
    job_title: str | None = None
    department: str | None = None
    language: str | None = None
    timezone: str | None = None
    import_id: UUID | None = None


@CONTACT_EVENTS.fact("updated")
class ContactUpdated(Event):
    """Fields of a person changed; the names of the fields only."""

    contact_id: UUID
    changed_fields: tuple[str, ...]
    import_id: UUID | None = None


@CONTACT_EVENTS.fact("membership-changed")
class ContactMembershipChanged(Event):
    """A person joined a customer, changed role there, or left."""

    contact_id: UUID
    customer_id: UUID
    action: Literal["added", "role-changed", "ended"]
    role: str | None = None
    is_primary: bool = False
    since: datetime
    until: datetime | None = None


@CONTACT_EVENTS.fact("point-added")
class ContactPointAdded(Event):
    """A person can be reached in one more way; only the hash of the address travels."""

    contact_id: UUID
    point_id: UUID
    point_type: PointType
    subject_hash: str
    is_primary: bool


@CONTACT_EVENTS.fact("point-invalidated")
class ContactPointInvalidated(Event):
    """An address turned out not to reach the person."""

    contact_id: UUID
    point_id: UUID
    reason_code: Annotated[str, Open.to(InvalidFor)]


@CONTACT_STATE.fact("state")
class ContactState(Event):
    """The whole person as contacts knows it now."""

    contact_id: UUID
    given_name: str | None = None
    family_name: str | None = None
    salutation: str | None = None
    job_title: str | None = None
    department: str | None = None
    language: str | None = None
    timezone: str | None = None
    points: tuple[ContactPoint, ...] = ()
    memberships: tuple[Membership, ...] = ()
    created_at: datetime


@CONSENT_EVENTS.fact("granted")
class ConsentGranted(Event):
    """A person allowed one purpose on one channel, with evidence."""

    consent_id: UUID
    contact_id: UUID
    channel: Channel
    purpose: Purpose
    lawful_basis: str
    source: str
    evidence_ref: str | None = None
    captured_at: datetime
    effective_from: datetime
    expires_at: datetime | None = None


@CONSENT_EVENTS.fact("denied")
class ConsentDenied(Event):
    """A person refused one purpose on one channel."""

    consent_id: UUID
    contact_id: UUID
    channel: Channel
    purpose: Purpose
    source: str
    captured_at: datetime


@CONSENT_EVENTS.fact("withdrawn")
class ConsentWithdrawn(Event):
    """A person took back what had been granted; effective at once."""

    consent_id: UUID
    contact_id: UUID
    channel: Channel
    purpose: Purpose
    source: str
    source_ref: str | None = None
    effective_at: datetime


@SUPPRESSION_EVENTS.fact("added")
class SuppressionAdded(Event):
    """Nobody may write to this address any more; wins over every consent.

    `subject_hash` is `shared.contact_points.subject_hash` of the channel and normalized address.
    """

    suppression_id: UUID
    subject_hash: str
    channel: Channel
    scope: str = "all"
    reason_code: Annotated[str, Open.to(SuppressionReason)]
    source_ref: str | None = None


@SUPPRESSION_EVENTS.fact("lifted")
class SuppressionLifted(Event):
    """The address may be written to again, if consent allows."""

    suppression_id: UUID
    subject_hash: str
    channel: Channel
    reason_code: str
    approved_by: str


@IDENTITY_EVENTS.fact("linked")
class IdentityLinked(Event):
    """An outside identifier belongs to this person (and customer, where known)."""

    link_id: UUID
    contact_id: UUID
    customer_id: UUID | None = None
    identifier_type: Annotated[str, Open.to(IdentifierType)]
    identifier: str
    source: str
    confidence: float


@IMPORT_EVENTS.fact("started")
class ImportStarted(Event):
    """An import of a file began to write (a dry run publishes nothing)."""

    import_id: UUID
    entity_type: Literal["customer", "contact"]
    source_label: str
    file_hash: str
    mode: Literal["create", "upsert"]


@IMPORT_EVENTS.fact("completed")
class ImportCompleted(Event):
    """An import wrote every good row and listed every bad one."""

    import_id: UUID
    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    duration_ms: int


@IMPORT_EVENTS.fact("failed")
class ImportFailed(Event):
    """An import cannot go on with this file; what was written stays and can be resumed."""

    import_id: UUID
    last_row: int
    reason_code: str
    resumable: bool
