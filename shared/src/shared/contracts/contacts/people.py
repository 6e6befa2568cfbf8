"""People: who they are, how they are reached, and what part they have in customers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.contacts.values import RecordStatus
from shared.contracts.topic import Event, events_topic, state_topic
from shared.contracts.values import Value

PointType = Literal["email", "phone", "mobile"]
PointStatus = Literal["active", "invalid", "retired"]
VerifiedBy = Literal["mail-link", "call", "text-message", "document", "import"]
InvalidFor = Literal["hard-bounce", "disconnected", "returned-mail", "owner-changed", "removed"]
ArchivedFor = Literal["left-company", "deceased", "request"]
KeyDateKind = Literal["birthday", "anniversary", "other"]
CONTACT_EVENTS = events_topic(
    "contacts", "contact", key="contact_id", holds="every fact of a person"
)
CONTACT_STATE = state_topic(
    "contacts", "contact", key="contact_id", holds="the current person: names, points, memberships"
)


class Membership(Value):
    """A person's part in a customer; ended, never overwritten."""

    customer_id: UUID
    role: str | None = None
    is_primary: bool = False
    since: datetime
    until: datetime | None = None


class ContactPoint(Value):
    """An address of a person on one channel; `normalized` is what is compared and sent to.

    `verified_at` is since when it is known to be theirs: an e-mail address, of one person alone.
    """

    point_id: UUID
    type: PointType
    value: str
    normalized: str
    is_primary: bool = False
    status: PointStatus = "active"
    verified_at: datetime | None = None


class PostalPoint(Value):
    """A postal address of a person; `normalized` is the whole of it as it is compared."""

    point_id: UUID
    lines: tuple[str, ...] = ()
    locality: str | None = None
    postal_code: str | None = None
    region: str | None = None
    country: str | None = None
    normalized: str
    is_primary: bool = False
    status: PointStatus = "active"


class KeyDate(Value):
    """A day that counts for a person, `month_day` as MM-DD; the year is not always known."""

    kind: Annotated[str, Open.to(KeyDateKind)]
    month_day: str
    year: int | None = None


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


@CONTACT_EVENTS.fact("postal-point-added")
class ContactPostalPointAdded(Event):
    """A person can be reached at one more postal address; only its hash travels."""

    contact_id: UUID
    point_id: UUID
    subject_hash: str
    is_primary: bool


@CONTACT_EVENTS.fact("key-date-set")
class ContactKeyDateSet(Event):
    """A day that counts for a person became known or changed; the day is on the state topic."""

    contact_id: UUID
    kind: Annotated[str, Open.to(KeyDateKind)]


@CONTACT_EVENTS.fact("point-verified")
class ContactPointVerified(Event):
    """An address turned out to be surely the person's own; until it is invalid."""

    contact_id: UUID
    point_id: UUID
    method: Annotated[str, Open.to(VerifiedBy)]
    verified_at: datetime


@CONTACT_EVENTS.fact("point-invalidated")
class ContactPointInvalidated(Event):
    """An address turned out not to reach the person."""

    contact_id: UUID
    point_id: UUID
    reason_code: Annotated[str, Open.to(InvalidFor)]


@CONTACT_EVENTS.fact("archived")
class ContactArchived(Event):
    """The person's record was put away: found when asked for, offered no longer."""

    contact_id: UUID
    reason_code: Annotated[str, Open.to(ArchivedFor)]


@CONTACT_EVENTS.fact("restored")
class ContactRestored(Event):
    """The person's record is in use again."""

    contact_id: UUID


@CONTACT_EVENTS.fact("record-status-changed")
class ContactRecordStatusChanged(Event):
    """The person's record waits for its erasure, was erased, or is kept after all."""

    contact_id: UUID
    from_status: RecordStatus
    to_status: RecordStatus
    request_id: UUID


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
    postal_points: tuple[PostalPoint, ...] = ()
    key_dates: tuple[KeyDate, ...] = ()
    created_at: datetime
    record_status: RecordStatus = "active"
    merged_into: UUID | None = None
