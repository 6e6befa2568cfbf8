"""A response: that somebody reacted to a campaign, and what it says of interest."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Response:
    """It happened once and never changes."""

    response_id: UUID
    kind: Literal["click", "form"]
    score_delta: int
    occurred_at: datetime
    campaign_id: UUID | None = None
    contact_id: UUID | None = None
    customer_id: UUID | None = None
    submission_id: UUID | None = None
    product_interests: tuple[str, ...] = ()
    follow_up_required: bool = False
