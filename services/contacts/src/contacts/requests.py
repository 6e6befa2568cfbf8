"""What endpoints take from the service's settings."""

from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from contacts.config import Settings
from contacts.points import PointRules


async def point_rules_of(request: Request) -> PointRules:
    """The rules for addresses that the service runs with."""
    settings: Settings = request.app.state.settings
    return settings.point_rules


Rules: TypeAlias = Annotated[PointRules, Depends(point_rules_of)]
