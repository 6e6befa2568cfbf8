"""What endpoints take from the service's settings."""

from typing import Annotated, TypeAlias

from fastapi import Depends, Query, Request
from shared.http.requests import Code

from contacts.config import Settings
from contacts.points import PointRules


async def point_rules_of(request: Request) -> PointRules:
    """The rules for addresses that the service runs with."""
    settings: Settings = request.app.state.settings
    return settings.point_rules


Rules: TypeAlias = Annotated[PointRules, Depends(point_rules_of)]

ForceReason: TypeAlias = Annotated[
    Code | None,
    Query(
        description="Why the record is created although a very similar one is known, as a code:"
        " `other-branch`, `twins`. The pair becomes a duplicate case all the same."
    ),
]
