"""Pressure: whether facts flood in, so that what is not urgent had better wait."""

import time
from dataclasses import dataclass

CALM_AFTER_SECONDS = 1.0


@dataclass(slots=True, eq=False)
class Pressure:
    """What the projection says of its batches."""

    full_batch: int
    last_full_at: float = float("-inf")

    def note(self, records: int) -> None:
        """A batch of this size was applied."""
        if records >= self.full_batch:
            self.last_full_at = time.monotonic()

    @property
    def is_high(self) -> bool:
        """Whether a batch was full only just now."""
        return time.monotonic() - self.last_full_at < CALM_AFTER_SECONDS
