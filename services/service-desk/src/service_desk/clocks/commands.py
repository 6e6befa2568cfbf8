"""What may be asked of a clock; time comes in with the command."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class LapseTime:
    """Say what time has made true."""

    at: datetime


@dataclass(frozen=True, slots=True)
class PauseClock:
    at: datetime


@dataclass(frozen=True, slots=True)
class ResumeClock:
    at: datetime


@dataclass(frozen=True, slots=True)
class RetargetClock:
    severity: int
    target_minutes: int
    at: datetime


@dataclass(frozen=True, slots=True)
class MeetClock:
    at: datetime


@dataclass(frozen=True, slots=True)
class CancelClock:
    reason_code: str
    at: datetime


ClockCommand: TypeAlias = (
    LapseTime | PauseClock | ResumeClock | RetargetClock | MeetClock | CancelClock
)
