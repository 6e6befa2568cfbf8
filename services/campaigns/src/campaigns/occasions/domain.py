"""Which send of a campaign an occasion is, and which key dates fall on a day."""

from datetime import date, datetime, timedelta

from shared.contracts.campaigns import Occasion

GREETINGS: tuple[Occasion, ...] = ("birthday", "anniversary")
"""Occasions that are key dates of people, by the kinds that contacts gives them."""

NEWS = timedelta(days=30)
"""What happened longer ago when we hear of it is no occasion any more."""


def step_of(occasion: Occasion, at: datetime) -> str:
    """Each day is one send per campaign and person, however many customers have the occasion."""
    return f"{occasion}:{at:%Y-%m-%d}"


def month_days_of(day: date) -> list[str]:
    """What falls on the day; in a year without 29 February, who has it has the 28th."""
    today = f"{day:%m-%d}"
    is_last = today == "02-28" and (day + timedelta(days=1)).month == 3  # noqa: PLR2004
    return [today, "02-29"] if is_last else [today]
