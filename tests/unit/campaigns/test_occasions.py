"""Which key dates fall on a day."""

from datetime import date

import pytest
from campaigns.occasions.domain import month_days_of


@pytest.mark.parametrize(
    ("day", "falling"),
    [
        (date(2027, 2, 28), ["02-28", "02-29"]),
        (date(2028, 2, 28), ["02-28"]),
        (date(2028, 2, 29), ["02-29"]),
        (date(2027, 12, 31), ["12-31"]),
    ],
)
def test_who_was_born_on_a_leap_day_is_greeted_every_year(day: date, falling: list[str]) -> None:
    assert month_days_of(day) == falling
