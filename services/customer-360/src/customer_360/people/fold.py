"""The rows of people: the person by snapshot; consents, suppressions and identities by fact."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from shared.contact_points import CHANNEL_OF_POINT, normalize_post, subject_hash
from shared.contracts.contacts import (
    Channel,
    ConsentConfirmationRequested,
    ConsentDenied,
    ConsentExpired,
    ConsentGranted,
    ConsentWithdrawn,
    ContactPoint,
    ContactState,
    IdentityLinked,
    IdentityUnlinked,
    KeyDate,
    Membership,
    PostalPoint,
    SuppressionAdded,
    SuppressionLifted,
)

from customer_360.folding import Fold


@dataclass(frozen=True, slots=True)
class Contact:
    """A person. `point_keys` (`channel:normalized`) and hashes are of the points in use.

    A number has a hash for calls and one for short messages; a postal address has one, too.
    """

    contact_id: UUID
    version: int = 0
    given_name: str | None = None
    family_name: str | None = None
    full_name: str | None = None
    salutation: str | None = None
    job_title: str | None = None
    department: str | None = None
    language: str | None = None
    timezone: str | None = None
    points: tuple[ContactPoint, ...] = ()
    memberships: tuple[Membership, ...] = ()
    customer_ids: tuple[UUID, ...] = ()
    point_keys: tuple[str, ...] = ()
    subject_hashes: tuple[str, ...] = ()
    created_at: datetime | None = None
    postal_points: tuple[PostalPoint, ...] = ()
    key_dates: tuple[KeyDate, ...] = ()
    merged_into: UUID | None = None
    record_status: str | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """What one person allows on one channel for one purpose."""

    consent_id: UUID
    version: int = 0
    contact_id: UUID | None = None
    channel: str | None = None
    purpose: str | None = None
    status: str = "unknown"
    source: str | None = None
    since: datetime | None = None
    expires_at: datetime | None = None
    lawful_basis: str | None = None
    effective_from: datetime | None = None
    double_opt_in: bool = False


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address, known by its hash, that nobody may write to while this is active."""

    suppression_id: UUID
    version: int = 0
    subject_hash: str | None = None
    channel: str | None = None
    scope: str | None = None
    reason_code: str | None = None
    is_active: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """An outside identifier that turned out to belong to a person."""

    link_id: UUID
    version: int = 0
    contact_id: UUID | None = None
    customer_id: UUID | None = None
    identifier_type: str | None = None
    identifier: str | None = None


def contact_fold(hash_key: str) -> Fold[Contact]:
    """Snapshots of persons; the key makes the hashes that suppressions name them by."""
    fold = Fold[Contact](
        "contact_id", lambda first: Contact(first.event.contact_id, first.envelope.version)
    )

    @fold.on(ContactState)
    def replaced(before: Contact, event: ContactState) -> Contact:
        return contact_of(event, before.version, hash_key)

    del replaced
    return fold


def contact_of(event: ContactState, version: int, hash_key: str) -> Contact:
    """The person in a snapshot."""
    names = (event.given_name, event.family_name)
    points: list[tuple[Channel, str]] = [
        (CHANNEL_OF_POINT[point.type], point.normalized)
        for point in event.points
        if point.status == "active"
    ]
    more: list[tuple[Channel, str]] = [
        *(("sms", address) for channel, address in points if channel == "phone"),
        *(
            ("post", normalize_post(point.normalized))
            for point in event.postal_points
            if point.status == "active"
        ),
    ]
    return Contact(
        contact_id=event.contact_id,
        version=version,
        given_name=event.given_name,
        family_name=event.family_name,
        full_name=" ".join(name for name in names if name) or None,
        salutation=event.salutation,
        job_title=event.job_title,
        department=event.department,
        language=event.language,
        timezone=event.timezone,
        points=event.points,
        memberships=event.memberships,
        customer_ids=tuple(dict.fromkeys(part.customer_id for part in event.memberships)),
        point_keys=tuple(f"{channel}:{address}" for channel, address in points),
        subject_hashes=tuple(
            subject_hash(hash_key, channel, address) for channel, address in (*points, *more)
        ),
        created_at=event.created_at,
        postal_points=event.postal_points,
        key_dates=event.key_dates,
        merged_into=event.merged_into if event.record_status == "merged" else None,
        record_status=event.record_status,
    )


consent_fold = Fold[Consent](
    "consent_id", lambda first: Consent(first.event.consent_id, first.envelope.version)
)


@consent_fold.on(ConsentGranted)
def granted(consent: Consent, event: ConsentGranted) -> Consent:
    return replace(
        _asked(consent, event),
        status="granted",
        since=event.captured_at,
        expires_at=event.expires_at,
        lawful_basis=event.lawful_basis,
        effective_from=event.effective_from,
        double_opt_in=event.double_opt_in is True,
    )


@consent_fold.on(ConsentConfirmationRequested)
def asked_by_mail(consent: Consent, event: ConsentConfirmationRequested) -> Consent:
    return replace(_asked(consent, event), status="pending-confirmation", since=event.captured_at)


@consent_fold.on(ConsentExpired)
def expired(consent: Consent, event: ConsentExpired) -> Consent:
    """What it was granted on stays to be seen."""
    return replace(
        consent,
        contact_id=event.contact_id,
        channel=event.channel,
        purpose=event.purpose,
        status="expired",
        since=event.expired_at,
    )


@consent_fold.on(ConsentDenied)
def denied(consent: Consent, event: ConsentDenied) -> Consent:
    return replace(_asked(consent, event), status="denied", since=event.captured_at)


@consent_fold.on(ConsentWithdrawn)
def withdrawn(consent: Consent, event: ConsentWithdrawn) -> Consent:
    return replace(_asked(consent, event), status="withdrawn", since=event.effective_at)


def _asked(
    consent: Consent,
    event: ConsentGranted | ConsentConfirmationRequested | ConsentDenied | ConsentWithdrawn,
) -> Consent:
    """What was said anew, and nothing of what was granted before."""
    return Consent(
        consent.consent_id,
        consent.version,
        contact_id=event.contact_id,
        channel=event.channel,
        purpose=event.purpose,
        source=event.source,
    )


suppression_fold = Fold[Suppression](
    "suppression_id", lambda first: Suppression(first.event.suppression_id, first.envelope.version)
)


@suppression_fold.on(SuppressionAdded)
def added(suppression: Suppression, event: SuppressionAdded) -> Suppression:
    return replace(
        suppression,
        subject_hash=event.subject_hash,
        channel=event.channel,
        scope=event.scope,
        reason_code=event.reason_code,
        is_active=True,
    )


@suppression_fold.on(SuppressionLifted)
def lifted(suppression: Suppression, event: SuppressionLifted) -> Suppression:
    return replace(
        suppression, subject_hash=event.subject_hash, channel=event.channel, is_active=False
    )


identity_fold = Fold[Identity](
    "link_id", lambda first: Identity(first.event.link_id, first.envelope.version)
)


@identity_fold.on(IdentityLinked)
def linked(identity: Identity, event: IdentityLinked) -> Identity:
    return replace(
        identity,
        contact_id=event.contact_id,
        customer_id=event.customer_id,
        identifier_type=event.identifier_type,
        identifier=event.identifier,
    )


@identity_fold.on(IdentityUnlinked)
def unlinked(identity: Identity, event: IdentityUnlinked) -> Identity:
    return replace(
        identity,
        contact_id=None,
        customer_id=None,
        identifier_type=event.identifier_type,
        identifier=event.identifier_hash,
    )
