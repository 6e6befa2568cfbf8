"""The answer to "may we write to or call this person now?".

The send gate's own order, and the first reason wins: suppression, consent, valid point, open
critical ticket (for promotion). How often one may write is known to campaigns alone.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel
from shared.contact_points import CHANNEL_OF_POINT

from customer_360.people.fold import Consent, Contact, Suppression

Reason = Literal["suppression-list", "consent", "no-point", "open-ticket"]

CHANNELS = ("email", "phone")
PURPOSES = ("marketing", "newsletter", "service")
PROMOTIONAL = frozenset({"marketing", "newsletter", "events", "partner-offers", "profiling"})


class Contactable(BaseModel):
    """Whether a person may be contacted, and what speaks against it."""

    ok: bool
    reason: Reason | None = None


def contactable_now(
    contact: Contact,
    consents: Sequence[Consent],
    suppressions: Sequence[Suppression],
    *,
    has_critical_ticket: bool,
    now: datetime,
) -> dict[str, Contactable]:
    """The answer for each `channel:purpose`."""
    granted = {_pair(consent) for consent in consents if _holds(consent, now)}
    asked = {_pair(consent) for consent in consents if consent.channel in CHANNELS}
    usual = {(channel, purpose) for channel in CHANNELS for purpose in PURPOSES}
    answers: dict[str, Contactable] = {}
    for channel, purpose in sorted(asked | usual):
        reason = _against(
            is_suppressed=_is_suppressed(contact, suppressions, channel),
            is_granted=(channel, purpose) in granted,
            has_point=_has_point(contact, channel),
            is_held=has_critical_ticket and purpose in PROMOTIONAL,
        )
        answers[f"{channel}:{purpose}"] = Contactable(ok=reason is None, reason=reason)
    return answers


def _against(
    *, is_suppressed: bool, is_granted: bool, has_point: bool, is_held: bool
) -> Reason | None:
    if is_suppressed:
        return "suppression-list"
    if not is_granted:
        return "consent"
    if not has_point:
        return "no-point"
    return "open-ticket" if is_held else None


def _pair(consent: Consent) -> tuple[str, str]:
    return str(consent.channel), str(consent.purpose)


def _holds(consent: Consent, now: datetime) -> bool:
    return consent.status == "granted" and (consent.expires_at is None or now < consent.expires_at)


def _is_suppressed(contact: Contact, suppressions: Iterable[Suppression], channel: str) -> bool:
    return any(
        one.channel == channel and one.subject_hash in contact.subject_hashes
        for one in suppressions
    )


def _has_point(contact: Contact, channel: str) -> bool:
    return any(
        point.status == "active" and CHANNEL_OF_POINT[point.type] == channel
        for point in contact.points
    )
