"""The row of a duplicate case."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from shared.contracts.contacts import DuplicateDetected, DuplicateDismissed, DuplicateMerged

from customer_360.folding import Fold


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two customers or two people that may be one, and what became of the suspicion."""

    case_id: UUID
    version: int = 0
    entity_type: str | None = None
    first_id: UUID | None = None
    second_id: UUID | None = None
    status: str = "open"
    score: Decimal | None = None
    matched_on: tuple[str, ...] = ()
    suggested_survivor_id: UUID | None = None
    survivor_id: UUID | None = None
    detected_at: datetime | None = None
    decided_at: datetime | None = None
    reason_code: str | None = None

    @property
    def candidate_ids(self) -> list[UUID]:
        """The two."""
        return [each for each in (self.first_id, self.second_id) if each is not None]


fold = Fold[Duplicate]("case_id", lambda first: Duplicate(first.event.case_id))


@fold.on(DuplicateDetected)
def detected(case: Duplicate, event: DuplicateDetected) -> Duplicate:
    return replace(
        _of(case, event),
        score=Decimal(str(event.score)),
        matched_on=event.matched_on,
        suggested_survivor_id=event.suggested_survivor_id,
        detected_at=event.detected_at,
    )


@fold.on(DuplicateDismissed)
def dismissed(case: Duplicate, event: DuplicateDismissed) -> Duplicate:
    return replace(
        _of(case, event),
        status="dismissed",
        decided_at=event.dismissed_at,
        reason_code=event.reason_code,
    )


@fold.on(DuplicateMerged)
def merged(case: Duplicate, event: DuplicateMerged) -> Duplicate:
    return replace(
        _of(case, event),
        status="auto-merged" if event.is_automatic else "merged",
        decided_at=event.merged_at,
        survivor_id=event.survivor_id,
    )


def _of(
    case: Duplicate, event: DuplicateDetected | DuplicateDismissed | DuplicateMerged
) -> Duplicate:
    first, second = event.candidate_ids
    return replace(case, entity_type=event.entity_type, first_id=first, second_id=second)
