"""The people of the view: who they are, what they allow, whether one may write to them; pure."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from shared.contracts.contacts import ContactPoint, KeyDate, PostalPoint

from customer_360.contactability.gate import Contactable, consents_of, contactable_now
from customer_360.people.fold import Consent, Contact
from customer_360.profiles.known import Known


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class ConsentShown(_Shown):
    """What a person allows or not, and since when."""

    consent_id: UUID
    channel: str | None
    purpose: str | None
    status: str
    source: str | None
    since: datetime | None
    lawful_basis: str | None
    effective_from: datetime | None
    expires_at: datetime | None
    double_opt_in: bool


class SuppressionShown(_Shown):
    """An address of the person that nobody may write to: for one purpose, or for `all`."""

    suppression_id: UUID
    channel: str | None
    scope: str | None
    reason_code: str | None


class Person(_Shown):
    """A person of the customer; `left` where the membership has ended.

    `contactable_now` answers for every channel and purpose, as `channel:purpose`.
    """

    contact_id: UUID
    version: int
    name: str | None
    job_title: str | None
    department: str | None
    role: str | None
    is_primary: bool
    left: bool
    record_status: str | None
    points: tuple[ContactPoint, ...]
    postal_points: tuple[PostalPoint, ...]
    key_dates: tuple[KeyDate, ...]
    consents: list[ConsentShown]
    suppressions: list[SuppressionShown]
    contactable_now: dict[str, Contactable]


def people_of(known: Known, now: datetime) -> list[Person]:
    """Each person once; who was merged into another of them is that one."""
    ids = {contact.contact_id for contact in known.people}
    shown = [contact for contact in known.people if contact.merged_into not in ids]
    people = [_person(contact, known, now) for contact in shown]
    return sorted(people, key=lambda one: (one.left, not one.is_primary, one.name or ""))


def _person(contact: Contact, known: Known, now: datetime) -> Person:
    consents = consents_of(contact.contact_id, known.people, known.consents)
    here = [part for part in contact.memberships if part.customer_id in known.record_ids]
    current = next((part for part in here if part.until is None), None)
    shown = current or next(reversed(here), None)
    return Person(
        contact_id=contact.contact_id,
        version=contact.version,
        name=contact.full_name,
        job_title=contact.job_title,
        department=contact.department,
        role=shown.role if shown else None,
        is_primary=shown is not None and shown.is_primary,
        left=current is None,
        record_status=contact.record_status,
        points=contact.points,
        postal_points=contact.postal_points,
        key_dates=contact.key_dates,
        consents=[ConsentShown.model_validate(consent) for consent in consents],
        suppressions=[
            SuppressionShown.model_validate(one)
            for one in known.suppressions
            if one.subject_hash in contact.subject_hashes
        ],
        contactable_now=_contactable(contact, consents, known, now),
    )


def _contactable(
    contact: Contact, consents: Sequence[Consent], known: Known, now: datetime
) -> dict[str, Contactable]:
    tickets, requests = known.basis.tickets, known.privacy_requests
    return contactable_now(
        contact,
        consents,
        known.suppressions,
        has_critical_ticket=any(ticket.is_open and ticket.is_critical for ticket in tickets),
        is_restricted=any(each.restricts(contact.contact_id) for each in requests),
        now=now,
    )
