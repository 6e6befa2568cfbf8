"""Confirmations: one question by mail, and the answer to it, each once.

    reserved → handing-over → sent | not-sent
    sent (or whatever has a link out) → confirmed

The link is signed over `token_id` with a key that only this service has: the fact that asks for the
question carries no secret. Whether an answer is in time, contacts decides, too.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias, assert_never
from uuid import UUID

from shared.contracts.campaigns import (
    ConfirmationConfirmed,
    ConfirmationNotSent,
    ConfirmationSent,
    UnaskedFor,
)
from shared.contracts.contacts import Channel, Purpose
from shared.errors import GoneError, NotFoundError

from campaigns.mail_outcomes import Outcome

Status: TypeAlias = Literal["reserved", "handing-over", "sent", "not-sent", "confirmed"]
Event: TypeAlias = ConfirmationSent | ConfirmationNotSent | ConfirmationConfirmed

PAUSE = timedelta(seconds=5)
BACKOFF = timedelta(seconds=30)
LONGEST_BACKOFF = timedelta(hours=1)


class ConfirmationNotFoundError(NotFoundError):
    """There is no such question."""


class LinkIsOverError(GoneError):
    """The time of this link is over; please ask for a new one."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A question. `attempts` counts the servers that asked us to come back."""

    token_id: UUID
    consent_id: UUID
    contact_id: UUID
    channel: Channel
    purpose: Purpose
    expires_at: datetime
    next_attempt_at: datetime
    version: int = 0
    status: Status = "reserved"
    reason_code: str | None = None
    attempts: int = 0
    handed_over_at: datetime | None = None
    sent_at: datetime | None = None
    confirmed_at: datetime | None = None
    subject_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What the mail server made of the question."""

    outcome: Outcome
    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The question is not asked, for this reason."""

    reason_code: UnaskedFor
    at: datetime


@dataclass(frozen=True, slots=True)
class Confirm:
    """Somebody followed the link and pressed the button."""

    at: datetime


Command: TypeAlias = Report | GiveUp | Confirm


def decide(confirmation: Confirmation, command: Command) -> list[Event]:
    """The facts that follow; a repeat stays quiet. Raises `LinkIsOverError`."""
    match command:
        case Report():
            return _report(confirmation, command)
        case GiveUp():
            if confirmation.status not in {"reserved", "handing-over"}:
                return []
            return [_not_sent(confirmation, command.reason_code, command.at)]
        case Confirm():
            if confirmation.status == "confirmed":
                return []
            if command.at >= confirmation.expires_at:
                raise LinkIsOverError
            return [_confirmed(confirmation, command.at)]
        case _:
            assert_never(command)


def _report(confirmation: Confirmation, report: Report) -> list[Event]:
    if confirmation.status != "handing-over":
        return []
    match report.outcome:
        case "accepted":
            return [ConfirmationSent(**_of(confirmation), sent_at=report.at)]
        case "try-later" | "unreachable":
            return []
        case "rejected" | "unknown":
            return [_not_sent(confirmation, report.outcome, report.at)]
        case "no-such-mailbox":
            return [_not_sent(confirmation, "rejected", report.at)]
        case _:
            assert_never(report.outcome)


def _confirmed(confirmation: Confirmation, at: datetime) -> Event:
    subject_hash = confirmation.subject_hash
    return ConfirmationConfirmed(**_of(confirmation), confirmed_at=at, subject_hash=subject_hash)


def _not_sent(confirmation: Confirmation, reason_code: UnaskedFor, at: datetime) -> Event:
    return ConfirmationNotSent(**_of(confirmation), reason_code=reason_code, decided_at=at)


def evolve(confirmation: Confirmation, event: Event) -> Confirmation:
    known = replace(confirmation, version=confirmation.version + 1)
    match event:
        case ConfirmationSent():
            return replace(known, status="sent", sent_at=event.sent_at)
        case ConfirmationNotSent():
            return replace(known, status="not-sent", reason_code=event.reason_code)
        case ConfirmationConfirmed():
            return replace(known, status="confirmed", confirmed_at=event.confirmed_at)
        case _:
            assert_never(event)


def hand_over(confirmation: Confirmation, at: datetime, subject_hash: str) -> Confirmation:
    """The question on its way to the mail server, for the address that this hash stands for."""
    return replace(
        confirmation, status="handing-over", handed_over_at=at, subject_hash=subject_hash
    )


def take_back(confirmation: Confirmation, outcome: Outcome, at: datetime) -> Confirmation:
    """The question after a server that surely has not taken it, or before it can be asked."""
    is_answer = outcome == "try-later"
    attempts = confirmation.attempts + 1 if is_answer else confirmation.attempts
    pause = min(BACKOFF * 2**attempts, LONGEST_BACKOFF) if is_answer else PAUSE
    return replace(
        confirmation,
        status="reserved",
        handed_over_at=None,
        attempts=attempts,
        next_attempt_at=at + pause,
    )


def _of(confirmation: Confirmation) -> dict[str, Any]:
    return {
        "token_id": confirmation.token_id,
        "consent_id": confirmation.consent_id,
        "contact_id": confirmation.contact_id,
        "channel": confirmation.channel,
        "purpose": confirmation.purpose,
    }
