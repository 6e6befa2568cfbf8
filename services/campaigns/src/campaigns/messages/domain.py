"""Messages: one per person and campaign, and what becomes of each.

    reserved ⇄ held
    reserved → handing-over → sent | failed
    reserved | handing-over → suppressed

`handing-over` is committed before the mail server is spoken to. Whoever dies then leaves it behind,
and it is never sent again blindly: after a while it is failed, for reasons unknown.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias, assert_never
from uuid import UUID

from shared.contracts.campaigns import (
    MessageBounced,
    MessageClicked,
    MessageFailed,
    MessageHeld,
    MessageSent,
    MessageSuppressed,
    MessageUnsubscribed,
    SuppressedFor,
)
from shared.contracts.contacts import Purpose
from shared.errors import NotFoundError
from shared.ids import derived_id

from campaigns.gate.domain import Hold, Suppress
from campaigns.mail_outcomes import Outcome

Status: TypeAlias = Literal["reserved", "held", "handing-over", "sent", "suppressed", "failed"]
Event: TypeAlias = (
    MessageHeld
    | MessageSent
    | MessageSuppressed
    | MessageFailed
    | MessageBounced
    | MessageClicked
    | MessageUnsubscribed
)

STEP = "mail"
"""The one send of a campaign to its segments."""

OUTAGE_PAUSE = timedelta(seconds=5)
BACKOFF = timedelta(seconds=30)
LONGEST_BACKOFF = timedelta(hours=1)
MOST_ATTEMPTS = 8


class MessageNotFoundError(NotFoundError):
    """There is no such message."""


def send_id_of(campaign_id: UUID, step: str, contact_id: UUID, occurrence: int) -> str:
    """The key that makes a send happen at most once."""
    parts = f"{campaign_id}|{step}|{contact_id}|{occurrence}"
    return hashlib.sha256(parts.encode()).hexdigest()


def message_id_of(send_id: str) -> UUID:
    """The id of the one message with this send id."""
    return derived_id("message", send_id)


@dataclass(frozen=True, slots=True)
class Message:
    """`version` counts its facts; reserving and handing over are our own affair."""

    message_id: UUID
    send_id: str
    campaign_id: UUID
    contact_id: UUID
    customer_id: UUID | None
    version: int
    status: Status
    next_attempt_at: datetime
    step: str = STEP
    reason_code: str | None = None
    attempts: int = 0
    handed_over_at: datetime | None = None
    sent_at: datetime | None = None
    smtp_code: int | None = None
    subject_hash: str | None = None
    clicked_links: tuple[str, ...] = ()
    clicked_at: datetime | None = None
    unsubscribed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReportDelivery:
    """What the mail server made of it. `try-later` and `unreachable`: surely not accepted."""

    outcome: Outcome
    subject_template: str
    at: datetime
    smtp_code: int | None = None


@dataclass(frozen=True, slots=True)
class FollowLink:
    link_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """`has_opted_out`: the address of this message has closed the person's gate already."""

    purpose: Purpose
    has_opted_out: bool
    at: datetime


Command: TypeAlias = ReportDelivery | FollowLink | Unsubscribe


def judge(message: Message, verdict: Hold | Suppress, at: datetime) -> list[Event]:
    """The gate's no as a fact, or the no of contacts, which comes after the gate's yes."""
    if message.status not in {"reserved", "handing-over"}:
        return []
    match verdict:
        case Hold():
            held = MessageHeld(
                **_of(message), reason_code="open-ticket", cause_id=verdict.ticket_id, held_at=at
            )
            return [held]
        case Suppress():
            return [_suppressed(message, verdict.reason_code, at)]
        case _:
            assert_never(verdict)


def passed_on(message: Message, at: datetime) -> list[Event]:
    """The person was merged: what waits for them is the message of the one who stays."""
    return [_suppressed(message, "duplicate", at)] if message.status in {"reserved", "held"} else []


def _suppressed(message: Message, reason_code: SuppressedFor, at: datetime) -> MessageSuppressed:
    return MessageSuppressed(**_of(message), reason_code=reason_code, suppressed_at=at)


def decide(message: Message, command: Command) -> list[Event]:
    """What a report, a click or an opt-out makes true; a repeat stays quiet."""
    match command:
        case ReportDelivery():
            return _report(message, command)
        case FollowLink():
            if command.link_id in message.clicked_links:
                return []
            return [MessageClicked(**_of(message), link_id=command.link_id, clicked_at=command.at)]
        case Unsubscribe():
            if command.has_opted_out or message.subject_hash is None:
                return []
            return [
                MessageUnsubscribed(
                    **_of(message),
                    scope="all",
                    purpose=command.purpose,
                    subject_hash=message.subject_hash,
                    unsubscribed_at=command.at,
                )
            ]
        case _:
            assert_never(command)


def _report(message: Message, command: ReportDelivery) -> list[Event]:
    if message.status != "handing-over":
        return []
    match command.outcome:
        case "accepted":
            return [
                MessageSent(
                    **_of(message),
                    subject_template=command.subject_template,
                    sent_at=command.at,
                )
            ]
        case "unreachable":
            return []
        case "try-later":
            is_given_up = message.attempts + 1 >= MOST_ATTEMPTS
            return [_failed(message, "rejected", command)] if is_given_up else []
        case "rejected" | "unknown":
            return [_failed(message, command.outcome, command)]
        case "no-such-mailbox":
            return [_failed(message, "rejected", command), *_bounced(message, command)]
        case _:
            assert_never(command.outcome)


def _bounced(message: Message, command: ReportDelivery) -> list[Event]:
    if message.subject_hash is None:
        return []
    return [
        MessageBounced(
            **_of(message),
            bounce="hard",
            subject_hash=message.subject_hash,
            smtp_code=command.smtp_code,
            bounced_at=command.at,
        )
    ]


def _failed(
    message: Message, reason_code: Literal["rejected", "unknown"], command: ReportDelivery
) -> MessageFailed:
    return MessageFailed(
        **_of(message), reason_code=reason_code, smtp_code=command.smtp_code, failed_at=command.at
    )


def evolve(message: Message, event: Event) -> Message:  # noqa: PLR0911 -- a fact each
    """The message after the event."""
    known = replace(message, version=message.version + 1)
    match event:
        case MessageHeld():
            return replace(known, status="held", reason_code=event.reason_code)
        case MessageSuppressed():
            return replace(known, status="suppressed", reason_code=event.reason_code)
        case MessageSent():
            return replace(known, status="sent", reason_code=None, sent_at=event.sent_at)
        case MessageFailed():
            return replace(
                known, status="failed", reason_code=event.reason_code, smtp_code=event.smtp_code
            )
        case MessageBounced():
            return known
        case MessageClicked():
            return replace(
                known,
                clicked_links=(*message.clicked_links, event.link_id),
                clicked_at=message.clicked_at or event.clicked_at,
            )
        case MessageUnsubscribed():
            return replace(known, unsubscribed_at=event.unsubscribed_at)
        case _:
            assert_never(event)


def hand_over(message: Message, subject_hash: str | None, at: datetime) -> Message:
    """The message on its way to the mail server, to this address."""
    return replace(message, status="handing-over", handed_over_at=at, subject_hash=subject_hash)


def take_back(message: Message, report: ReportDelivery) -> Message:
    """The message after a server that surely has not taken it; it passes the gate again."""
    is_answer = report.outcome == "try-later"
    attempts = message.attempts + 1 if is_answer else message.attempts
    pause = min(BACKOFF * 2**attempts, LONGEST_BACKOFF) if is_answer else OUTAGE_PAUSE
    return replace(
        message,
        status="reserved",
        handed_over_at=None,
        attempts=attempts,
        next_attempt_at=report.at + pause,
        smtp_code=report.smtp_code,
    )


def _of(message: Message) -> dict[str, Any]:
    return {
        "message_id": message.message_id,
        "send_id": message.send_id,
        "campaign_id": message.campaign_id,
        "contact_id": message.contact_id,
        "customer_id": message.customer_id,
    }
