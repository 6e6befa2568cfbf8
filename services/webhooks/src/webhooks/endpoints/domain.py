"""An endpoint that fails again and again is left alone for a while, whatever waits for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

STEADY = 3
"""Failures in a row from which an endpoint is held, and tried with one request at a time."""

LONGEST_HOLD = timedelta(minutes=5)
JITTER = 0.2


class Health(NamedTuple):
    """How an endpoint behaves: its failures since it last took something, and what they led to."""

    failures: int = 0
    failing_since: datetime | None = None
    hold_until: datetime | None = None
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What an endpoint did in the last few requests: failures are those after the last success.

    `asked_hold` is until when it asked to be left alone.
    """

    subscription_id: UUID
    has_taken: bool
    failures: int
    at: datetime
    asked_hold: datetime | None = None


def behave(health: Health, behaviour: Behaviour, chance: float) -> Health:
    """How it stands after that; `chance` is from -1 to 1."""
    before = 0 if behaviour.has_taken else health.failures
    failures = before + behaviour.failures
    since = health.failing_since if before else behaviour.at
    return Health(
        failures=failures,
        failing_since=since if failures else None,
        hold_until=_hold(failures, behaviour, chance) if behaviour.failures else None,
        delivered_at=behaviour.at if behaviour.has_taken else health.delivered_at,
    )


def _hold(failures: int, behaviour: Behaviour, chance: float) -> datetime:
    own = behaviour.at + hold_of(failures, chance)
    return max(own, behaviour.asked_hold or own)


def hold_of(failures: int, chance: float) -> timedelta:
    """1 s after three failures in a row, doubled by each that follows, up to five minutes."""
    if failures < STEADY:
        return timedelta(0)
    seconds = min(2 ** min(failures - STEADY, 20), LONGEST_HOLD.total_seconds())
    return timedelta(seconds=seconds * (1 + JITTER * chance))
