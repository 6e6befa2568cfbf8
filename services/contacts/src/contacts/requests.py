"""What endpoints take from the service's settings."""

from datetime import timedelta
from typing import Annotated, TypeAlias

from fastapi import Depends, Query, Request
from pydantic import AwareDatetime
from shared.http.requests import Code

from contacts.config import Settings
from contacts.points import PointRules


async def point_rules_of(request: Request) -> PointRules:
    """The rules for addresses that the service runs with."""
    settings: Settings = request.app.state.settings
    return settings.point_rules


async def merge_window_of(request: Request) -> timedelta:
    """How long a merge can be undone."""
    settings: Settings = request.app.state.settings
    return settings.merge_window


MergeWindow: TypeAlias = Annotated[timedelta, Depends(merge_window_of)]
Rules: TypeAlias = Annotated[PointRules, Depends(point_rules_of)]

ForceReason: TypeAlias = Annotated[
    Code | None,
    Query(
        description="Why the record is created although a very similar one is known, as a code:"
        " `other-branch`, `twins`. The pair becomes a duplicate case all the same."
    ),
]
Since: TypeAlias = Annotated[
    AwareDatetime | None,
    Query(
        description="At that time or later. Whoever asks again and again asks from a minute before"
        " the last answer on, for what is under way bears the time at which it began; the events"
        " tell each change once, and in order."
    ),
]
AsIs: TypeAlias = Annotated[
    bool, Query(description="Answer with a merged record itself, not with where it is now.")
]
