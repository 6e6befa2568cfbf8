"""Which send of a campaign an occasion is."""

from datetime import datetime, timedelta

from shared.contracts.campaigns import Occasion

NEWS = timedelta(days=30)
"""What happened longer ago when we hear of it is no occasion any more."""


def step_of(occasion: Occasion, at: datetime) -> str:
    """Each day is one send per campaign and person, however many customers have the occasion."""
    return f"{occasion}:{at:%Y-%m-%d}"
