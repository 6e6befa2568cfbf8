"""The days of the calendar that come next, and which key dates fall on each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

_LEAP_DAY = "02-29"


@dataclass(frozen=True, slots=True)
class Occasion:
    """A key date of a person on the day on which it comes next; `year` is that of the first one."""

    day: date
    contact_id: UUID
    kind: str
    month_day: str
    year: int | None

    @property
    def turns(self) -> int | None:
        """How many years it is then, where the year is known and not to come."""
        if self.year is None or self.year > self.day.year:
            return None
        return self.day.year - self.year


def days_ahead(first: date, within_days: int) -> Iterator[tuple[date, str]]:
    """Each day from the first on, with the MM-DD that falls on it.

    In a year without 29 February, who was born on it has the 28th.
    """
    for ahead in range(within_days + 1):
        day = first + timedelta(days=ahead)
        yield day, f"{day:%m-%d}"
        if f"{day:%m-%d}" == "02-28" and (day + timedelta(days=1)).month == 3:  # noqa: PLR2004
            yield day, _LEAP_DAY
