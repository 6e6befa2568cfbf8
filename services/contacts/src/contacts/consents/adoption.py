"""What a merge of people makes of their consents: the most restrictive of what they said wins.

A no of any of them is a no of the one; what ran out for one has run out; of several grants the one
that ends first, then the one that begins last. A question that nobody has answered is nothing said.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.contracts.contacts import (
    ConsentConfirmationRequested,
    ConsentDenied,
    ConsentExpired,
    ConsentGranted,
    ConsentStatus,
    ConsentWithdrawn,
)

from contacts.consents.commands import AdoptConsent, Consent, ConsentEvent, WithdrawConsent

NO = frozenset({"denied", "withdrawn"})
BY_MERGE = "merge"
"""The source of a no that a person has from another who was merged into them."""

_RANKS: dict[ConsentStatus, int] = {
    "denied": 0, "withdrawn": 0, "expired": 1, "granted": 2, "pending-confirmation": 3,
    "unknown": 4,
}  # fmt: skip
_NEVER = datetime.max.replace(tzinfo=UTC)


def united(
    survivor_id: UUID, consents: Sequence[Consent], at: datetime, merge_id: UUID
) -> AdoptConsent | WithdrawConsent | None:
    """What becomes of the survivor's consent for one channel and purpose; None where it stays."""
    chosen = strictest(survivor_id, consents, at)
    if chosen.subject.contact_id == survivor_id:
        return None
    subject = replace(chosen.subject, contact_id=survivor_id)
    if chosen.status in NO:
        return WithdrawConsent(subject, BY_MERGE, at, f"merge:{merge_id}")
    if chosen.status == "expired":
        chosen = replace(chosen, since=at)
    return AdoptConsent(subject, chosen, at)


def strictest(survivor_id: UUID, consents: Sequence[Consent], at: datetime) -> Consent:
    """The one that counts, the survivor's own among equals."""

    def rank(consent: Consent) -> tuple[int, datetime, datetime, bool]:
        ends, begins = consent.expires_at or _NEVER, consent.effective_from or at
        late = _NEVER - (max(begins, at) - at)
        is_granted = consent.status == "granted"
        is_others = consent.subject.contact_id != survivor_id
        terms = (ends, late) if is_granted else (_NEVER, _NEVER)
        return (_RANKS[consent.status], *terms, is_others)

    return min((_by_the_clock(each, at) for each in consents), key=rank)


def _by_the_clock(consent: Consent, at: datetime) -> Consent:
    """What has run out counts as expired, whether or not anybody has told so."""
    ends = consent.expires_at
    if consent.status != "granted" or ends is None or at < ends:
        return consent
    return replace(consent, status="expired", since=ends)


def adopt(consent: Consent | None, command: AdoptConsent) -> Sequence[ConsentEvent]:
    """The fact that tells of it. What is not known any more has run out: no other fact fits."""
    named, like = command.subject.named(), command.like
    if like is None or like.status == "unknown":
        is_open = consent is not None and consent.status != "expired"
        return [ConsentExpired(**named, expired_at=command.at)] if is_open else []
    if consent is not None and consent == adopted(like, consent):
        return []
    return [_told(like, command)]


def adopted(like: Consent, consent: Consent) -> Consent:
    return replace(like, subject=consent.subject, version=consent.version)


def _told(like: Consent, command: AdoptConsent) -> ConsentEvent:
    named = command.subject.named()
    said: dict[str, Any] = {**named, "source": like.source}
    match like.status:
        case "denied":
            return ConsentDenied(**said, captured_at=like.since)
        case "withdrawn":
            proof = like.evidence.proof_ref
            return ConsentWithdrawn(**said, source_ref=proof, effective_at=like.since)
        case "pending-confirmation":
            assert like.token_id is not None
            assert like.token_expires_at is not None
            return ConsentConfirmationRequested(
                **said,
                token_id=like.token_id,
                captured_at=like.since,
                expires_at=like.token_expires_at,
            )
        case "granted":
            return ConsentGranted(
                **said,
                lawful_basis=like.lawful_basis or "consent",
                evidence_ref=like.evidence.proof_ref,
                captured_at=like.since,
                effective_from=like.effective_from or like.since,
                expires_at=like.expires_at,
                double_opt_in=True if like.double_opt_in_at else None,
            )
        case _:
            return ConsentExpired(**named, expired_at=like.since)
