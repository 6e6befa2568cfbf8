"""Which days come next, at the end of February and of the year, too."""

from datetime import date
from uuid import UUID

from contacts.occasions.domain import Occasion, days_ahead


def test_the_year_ends_and_goes_on() -> None:
    days = list(days_ahead(date(2026, 12, 30), 3))
    assert [month_day for _, month_day in days] == ["12-30", "12-31", "01-01", "01-02"]
    assert days[-1][0] == date(2027, 1, 2)


def test_who_was_born_on_29_february_has_the_28th_where_there_is_none() -> None:
    assert list(days_ahead(date(2027, 2, 28), 1)) == [
        (date(2027, 2, 28), "02-28"),
        (date(2027, 2, 28), "02-29"),
        (date(2027, 3, 1), "03-01"),
    ]
    assert list(days_ahead(date(2028, 2, 28), 1)) == [
        (date(2028, 2, 28), "02-28"),
        (date(2028, 2, 29), "02-29"),
    ]


def test_how_old_somebody_turns_is_told_where_the_year_is_known() -> None:
    who = UUID(int=1)
    assert Occasion(date(2027, 1, 2), who, "birthday", "01-02", 1987).turns == 40
    assert Occasion(date(2027, 1, 2), who, "birthday", "01-02", None).turns is None
    assert Occasion(date(2027, 1, 2), who, "anniversary", "01-02", 2030).turns is None
