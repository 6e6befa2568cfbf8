"""The answer to "may we write to or call this person now?".

The send gate's own order, and the first reason wins: restriction, suppression, consent, valid
point, open critical ticket (for promotion). How often one may write is known to campaigns alone.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Literal, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from shared.contact_points import CHANNEL_OF_POINT
from shared.contracts.contacts import Channel, Purpose

from customer_360.people.fold import Consent, Contact, Suppression

Reason = Literal["restricted", "suppression-list", "consent", "no-point", "open-ticket"]

CHANNELS: tuple[Channel, ...] = get_args(Channel)
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
PROMOTIONAL = frozenset(PURPOSES) - {"service"}


class Contactable(BaseModel):
    """Whether a person may be contacted, and what speaks against it.

    `because` says more of the reason: what the suppression is for, where the consent stands.
    """

    model_config = ConfigDict(frozen=True)

    ok: bool
    reason: Reason | None = None
    because: str | None = None


def consents_of(
    contact_id: UUID, people: Sequence[Contact], consents: Iterable[Consent]
) -> list[Consent]:
    """What the person allows: their own word, else what was told of a record merged into theirs."""
    ids = {contact_id}
    while more := {c.contact_id for c in people if c.merged_into in ids} - ids:
        ids |= more
    told = [consent for consent in consents if consent.contact_id in ids]
    told.sort(key=lambda one: (one.contact_id == contact_id, str(one.since)))
    return list({(consent.channel, consent.purpose): consent for consent in told}.values())


def contactable_now(
    contact: Contact,
    consents: Sequence[Consent],
    suppressions: Sequence[Suppression],
    *,
    has_critical_ticket: bool,
    is_restricted: bool = False,
    now: datetime,
) -> dict[str, Contactable]:
    """The answer for each `channel:purpose`: every channel, and every purpose on each."""
    known = {(str(one.channel), str(one.purpose)): one for one in consents}
    theirs = [one for one in suppressions if one.subject_hash in contact.subject_hashes]
    answers: dict[str, Contactable] = {}
    for channel in CHANNELS:
        has_point = _has_point(contact, channel)
        for purpose in PURPOSES:
            answers[f"{channel}:{purpose}"] = _answer(
                is_restricted=is_restricted,
                suppressed_for=_suppressed_for(theirs, channel, purpose),
                refused_as=_refused_as(known.get((channel, purpose)), now),
                has_point=has_point,
                is_held=has_critical_ticket and purpose in PROMOTIONAL,
            )
    return answers


@lru_cache(maxsize=1_000)  # one of each answer; codes are few
def _answer(
    *,
    is_restricted: bool,
    suppressed_for: str | None,
    refused_as: str | None,
    has_point: bool,
    is_held: bool,
) -> Contactable:
    if is_restricted:
        return Contactable(ok=False, reason="restricted")
    if suppressed_for is not None:
        return Contactable(ok=False, reason="suppression-list", because=suppressed_for)
    if refused_as is not None:
        return Contactable(ok=False, reason="consent", because=refused_as)
    if not has_point:
        return Contactable(ok=False, reason="no-point")
    return Contactable(ok=False, reason="open-ticket") if is_held else Contactable(ok=True)


def _refused_as(consent: Consent | None, now: datetime) -> str | None:
    """Where the consent stands, None where it holds; the time counts, told or not."""
    if consent is None or consent.status != "granted":
        return consent.status if consent else "unknown"
    if consent.effective_from is not None and now < consent.effective_from:
        return "not-yet-effective"
    if consent.expires_at is not None and now >= consent.expires_at:
        return "expired"
    return None


def _suppressed_for(suppressions: Iterable[Suppression], channel: str, purpose: str) -> str | None:
    """Why an address of the channel is not written to, as the send gate asks: for this purpose."""
    for one in suppressions:
        if one.channel == channel and one.scope in {"all", purpose}:
            return one.reason_code or "manual"
    return None


def _has_point(contact: Contact, channel: Channel) -> bool:
    """Whether there is an address in use; a short message goes to what is called a mobile."""
    if channel == "post":
        return any(point.status == "active" for point in contact.postal_points)
    used = [point for point in contact.points if point.status == "active"]
    if channel == "sms":
        return any(point.type == "mobile" for point in used)
    return any(CHANNEL_OF_POINT[point.type] == channel for point in used)
