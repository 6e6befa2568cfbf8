"""A delivery: when it is tried again, when it is given up, and what a subscriber is sent."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple
from uuid import UUID

Status = Literal["waiting", "delivered", "given-up"]

GIVE_UP_AFTER = timedelta(days=3)
"""From the first attempt; the last one comes at its end."""

PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""After each attempt, as Standard Webhooks recommends; the last one is repeated."""

JITTER = 0.2
"""A pause is up to so much shorter or longer, so that what failed together does not return so."""

GONE = 410
_BUSY = {429, 503}


class Claimed(NamedTuple):
    """A delivery that this process may send, until its lease ends."""

    subscription_id: UUID
    delivery_id: int
    event_id: UUID
    type: str
    body: str
    attempts: int
    first_attempted_at: datetime | None
    leased_until: datetime
    url: str
    host: str
    secret: bytes
    former_secret: bytes | None
    former_secret_until: datetime | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request: a status code, or an error's name. `at` is when it began."""

    at: datetime
    duration_ms: int
    status_code: int | None = None
    error: str | None = None
    retry_after: datetime | None = None

    @property
    def is_taken(self) -> bool:
        return self.status_code is not None and self.status_code // 100 == 2  # noqa: PLR2004 -- 2xx

    @property
    def ended_at(self) -> datetime:
        return self.at + timedelta(milliseconds=self.duration_ms)

    @property
    def is_gone(self) -> bool:
        return self.status_code == GONE


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What an attempt makes of its delivery."""

    claimed: Claimed
    answer: Answer
    status: Status
    due_at: datetime


def conclude(claimed: Claimed, answer: Answer, chance: float) -> Conclusion:
    """Delivered, due again, or given up; `chance` is from -1 to 1."""
    if answer.is_taken:
        return Conclusion(claimed, answer, "delivered", answer.ended_at)
    first, now = claimed.first_attempted_at or answer.at, answer.ended_at
    due = next_attempt(first, claimed.attempts + 1, now, chance, answer.retry_after)
    if due is None:
        return Conclusion(claimed, answer, "given-up", now)
    return Conclusion(claimed, answer, "waiting", due)


def next_attempt(
    first: datetime,
    attempts: int,
    now: datetime,
    chance: float,
    retry_after: datetime | None = None,
) -> datetime | None:
    """When to try again after so many attempts, or None where it is given up.

    Not before the endpoint said (`retry_after`), and never later than the end of the three days.
    """
    end = first + GIVE_UP_AFTER
    if now >= end:
        return None
    pause = PAUSES[min(attempts, len(PAUSES)) - 1] * (1 + JITTER * chance)
    due = now + pause
    if retry_after is not None:
        due = max(due, retry_after)
    return min(due, end)


def asked_hold(answer: Answer) -> datetime | None:
    """Until when the endpoint wants no request at all: it has too many of them, or is closed."""
    return answer.retry_after if answer.status_code in _BUSY else None


def read_retry_after(header: str | None, now: datetime) -> datetime | None:
    """`Retry-After` in both its forms (RFC 9110, 10.2.3); None where it says nothing."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return now + min(timedelta(seconds=int(text[:9])), GIVE_UP_AFTER)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def patterns_of(wire_name: str) -> list[str]:
    """Every pattern that this type would match."""
    parts = wire_name.split(".")
    starts = [".".join(parts[:count]) + ".*" for count in range(1, len(parts))]
    return [wire_name, "*", *starts]
