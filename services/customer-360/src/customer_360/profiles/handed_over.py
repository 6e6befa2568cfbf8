"""A handover, as the view and the brief show it."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from shared.contracts.contacts import Moved


class HandoverShown(BaseModel):
    """What one employee hands over to another; the brief is at `/v1/handovers/{id}/brief`."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    handover_id: UUID
    version: int
    from_owner_id: str
    to_owner_id: str
    reason_code: str | None
    status: str
    started_at: datetime | None
    due_at: datetime | None
    moved: tuple[Moved, ...]
    unresolved: tuple[str, ...]
