"""What may be sent again: one delivery, a range of them, or all since a time."""

from dataclasses import dataclass
from datetime import datetime

from shared.errors import InvalidError, NotFoundError

from webhooks.deliveries.domain import Status


class DeliveryNotFoundError(NotFoundError):
    """There is no such delivery."""


class RangeMissingError(InvalidError):
    """Name the first and the last delivery, or a time since which all are sent again."""


@dataclass(frozen=True, slots=True)
class Again:
    """Deliveries to send again: a range of ids, both included, or since a time; by status."""

    first: int | None = None
    last: int | None = None
    since: datetime | None = None
    statuses: tuple[Status, ...] | None = None

    def require_bounds(self) -> None:
        """Raise `RangeMissingError` for half a range, for both kinds, and for none."""
        has_range = self.first is not None and self.last is not None
        if has_range == (self.since is not None) or (self.first is None) != (self.last is None):
            raise RangeMissingError
