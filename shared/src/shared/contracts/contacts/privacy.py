"""Privacy: what people ask about their own data, and how far it has come; ids and hashes only."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.topic import Event, events_topic
from shared.contracts.values import Value

PrivacyKind = Literal["erasure", "export", "restriction"]
PrivacyStatus = Literal["received", "identity-verified", "in-progress", "completed", "rejected"]
ErasureScope = Literal["person", "person-and-customer", "customer"]
RestrictionScope = Literal["all", "erasure"]
RejectedFor = Literal[
    "identity-not-verified", "unfounded", "excessive", "duplicate", "taken-back", "legal-claims"
]
PRIVACY_EVENTS = events_topic(
    "contacts",
    "privacy",
    key="request_id",
    holds="what people ask about their own data, and how far it has come",
)


class Retained(Value):
    """What is kept although somebody asked for erasure: why, and until when (None: for ever)."""

    category: str
    legal_basis: str
    until: date | None = None


@PRIVACY_EVENTS.fact("erasure-requested")
class ErasureRequested(Event):
    """Erase these people and customers, and answer with an acknowledgement.

    Each of `required_acks` is a service whose `privacy.erasure-acknowledged` is waited for.
    `subject_hashes` are those of the addresses (`shared.contact_points.subject_hash`), and
    `submission_ids` the forms that are known to be theirs. What `legal_holds` names is kept.
    """

    request_id: UUID
    contact_ids: tuple[UUID, ...] = ()
    customer_ids: tuple[UUID, ...] = ()
    subject_hashes: tuple[str, ...] = ()
    submission_ids: tuple[UUID, ...] = ()
    scope: Annotated[str, Open.to(ErasureScope)]
    legal_holds: tuple[Retained, ...] = ()
    required_acks: tuple[str, ...]
    target_at: datetime
    deadline_at: datetime


@PRIVACY_EVENTS.fact("erasure-completed")
class ErasureCompleted(Event):
    """Every service has erased what it held; what is kept, and why, is all in `retained`."""

    request_id: UUID
    contact_ids: tuple[UUID, ...] = ()
    customer_ids: tuple[UUID, ...] = ()
    acks: tuple[str, ...]
    retained: tuple[Retained, ...] = ()
    completed_at: datetime


@PRIVACY_EVENTS.fact("export-requested")
class ExportRequested(Event):
    """Collect what you hold of this person, and answer with an acknowledgement; send it nowhere.

    Each of `required_acks` is a service whose `privacy.export-acknowledged` is waited for; contacts
    then asks it over HTTP for its part. `contact_id` asks; `contact_ids` are all records of the
    person. `subject_hashes` are those of addresses that nobody else has.
    """

    request_id: UUID
    contact_id: UUID
    contact_ids: tuple[UUID, ...] = ()
    customer_ids: tuple[UUID, ...] = ()
    subject_hashes: tuple[str, ...] = ()
    submission_ids: tuple[UUID, ...] = ()
    required_acks: tuple[str, ...]
    target_at: datetime
    deadline_at: datetime


@PRIVACY_EVENTS.fact("export-completed")
class ExportCompleted(Event):
    """What all services hold of the person is in one file, which contacts keeps for a while."""

    request_id: UUID
    contact_id: UUID
    bundle_ref: str
    expires_at: datetime


@PRIVACY_EVENTS.fact("request-rejected")
class PrivacyRequestRejected(Event):
    """Nothing is done about the request, for a reason that the person is told."""

    request_id: UUID
    kind: Annotated[str, Open.to(PrivacyKind)]
    contact_ids: tuple[UUID, ...] = ()
    customer_ids: tuple[UUID, ...] = ()
    reason_code: Annotated[str, Open.to(RejectedFor)]


@PRIVACY_EVENTS.fact("processing-restricted")
class ProcessingRestricted(Event):
    """Nobody writes to this person or changes the record until the restriction is lifted."""

    request_id: UUID
    contact_id: UUID
    scope: Annotated[str, Open.to(RestrictionScope)]


@PRIVACY_EVENTS.fact("restriction-lifted")
class RestrictionLifted(Event):
    """The person may be written to again, as far as consent allows."""

    request_id: UUID
    contact_id: UUID
