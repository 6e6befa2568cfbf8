"""Duplicate cases: open → dismissed | merged | auto-merged.

A case is of one pair, and there is one case of each pair for ever: its id follows from the two. So
a pair that was dismissed is on the never-again list by being there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias, assert_never
from uuid import UUID

from shared.contracts.contacts import DuplicateDetected, DuplicateDismissed, DuplicateMerged
from shared.errors import ConflictError, InvalidError, NotFoundError
from shared.ids import derived_id

from contacts.matching.subjects import EntityType

Status: TypeAlias = Literal["open", "dismissed", "merged", "auto-merged"]
Door: TypeAlias = Literal["write", "import", "scan", "reaction"]


class DuplicateCaseNotFoundError(NotFoundError):
    """There is no such duplicate case."""


class DuplicateCaseIsClosedError(ConflictError):
    """The case was decided otherwise before."""


class ProbableDuplicateError(ConflictError):
    """Somebody very like this is known; use the record there is, or say why it is another."""


class SurvivorIsNoCandidateError(InvalidError):
    """The record that stays is one of the case's two."""


class CaseIsOfOthersError(InvalidError):
    """The duplicate case is of other records."""


@dataclass(frozen=True, slots=True)
class DuplicateCase:
    """A pair, why it is suspected, and what was decided."""

    case_id: UUID
    entity_type: EntityType
    candidate_ids: tuple[UUID, UUID]
    score: float
    matched_on: tuple[str, ...]
    suggested_survivor_id: UUID
    policy_version: int
    found_by: str
    forced_for: str | None
    detected_at: datetime
    version: int
    status: Status = "open"
    survivor_id: UUID | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    reason_code: str | None = None


@dataclass(frozen=True, slots=True)
class OpenCase:
    """Two records look like one party. `forced_for` is why the second was created all the same."""

    entity_type: EntityType
    candidate_ids: tuple[UUID, UUID]
    score: float
    matched_on: tuple[str, ...]
    suggested_survivor_id: UUID
    policy_version: int
    found_by: Door
    at: datetime
    forced_for: str | None = None

    @property
    def case_id(self) -> UUID:
        return case_id_of(*self.candidate_ids)


@dataclass(frozen=True, slots=True)
class DismissCase:
    reason_code: str
    decided_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CloseAsMerged:
    """The two were merged; for whoever merges, in the transaction of the merge."""

    survivor_id: UUID
    decided_by: str
    at: datetime
    is_automatic: bool = False


Command: TypeAlias = OpenCase | DismissCase | CloseAsMerged
CaseEvent: TypeAlias = DuplicateDetected | DuplicateDismissed | DuplicateMerged


def case_id_of(one: UUID, other: UUID) -> UUID:
    """The case of a pair, whichever is named first."""
    return derived_id("duplicate", *sorted((one, other)))


def decide(case: DuplicateCase | None, command: Command) -> Sequence[CaseEvent]:
    """The fact that follows from a command; none for a repeat. Raises the refusals above."""
    if isinstance(command, OpenCase):
        return [_detected(command)] if case is None else []
    if case is None:
        raise DuplicateCaseNotFoundError
    match command:
        case DismissCase():
            return _dismiss(case, command)
        case CloseAsMerged():
            return _close_as_merged(case, command)
        case _:
            assert_never(command)


def evolve(case: DuplicateCase | None, event: CaseEvent) -> DuplicateCase:
    if isinstance(event, DuplicateDetected):
        return _opened(event)
    assert case is not None
    match event:
        case DuplicateDismissed():
            return replace(
                case,
                status="dismissed",
                decided_at=event.dismissed_at,
                decided_by=event.decided_by,
                reason_code=event.reason_code,
                version=case.version + 1,
            )
        case DuplicateMerged():
            return replace(
                case,
                status="auto-merged" if event.is_automatic else "merged",
                survivor_id=event.survivor_id,
                decided_at=event.merged_at,
                decided_by=event.decided_by,
                version=case.version + 1,
            )
        case _:
            assert_never(event)


def _detected(command: OpenCase) -> DuplicateDetected:
    return DuplicateDetected(
        case_id=command.case_id,
        entity_type=command.entity_type,
        candidate_ids=tuple(sorted(command.candidate_ids)),
        score=command.score,
        matched_on=command.matched_on,
        suggested_survivor_id=command.suggested_survivor_id,
        policy_version=command.policy_version,
        found_by=command.found_by,
        forced_for=command.forced_for,
        detected_at=command.at,
    )


def _opened(event: DuplicateDetected) -> DuplicateCase:
    first, second = event.candidate_ids
    return DuplicateCase(
        case_id=event.case_id,
        entity_type="customer" if event.entity_type == "customer" else "contact",
        candidate_ids=(first, second),
        score=event.score,
        matched_on=event.matched_on,
        suggested_survivor_id=event.suggested_survivor_id,
        policy_version=event.policy_version,
        found_by=event.found_by,
        forced_for=event.forced_for,
        detected_at=event.detected_at,
        version=1,
    )


def _dismiss(case: DuplicateCase, command: DismissCase) -> Sequence[CaseEvent]:
    if case.status == "dismissed":
        return []
    if case.status != "open":
        raise DuplicateCaseIsClosedError(case_id=case.case_id, status=case.status)
    return [
        DuplicateDismissed(
            case_id=case.case_id,
            entity_type=case.entity_type,
            candidate_ids=case.candidate_ids,
            reason_code=command.reason_code,
            decided_by=command.decided_by,
            dismissed_at=command.at,
        )
    ]


def _close_as_merged(case: DuplicateCase, command: CloseAsMerged) -> Sequence[CaseEvent]:
    """Also of a dismissed case: who merges the two knows better by now."""
    if command.survivor_id not in case.candidate_ids:
        raise SurvivorIsNoCandidateError(case_id=case.case_id, survivor_id=command.survivor_id)
    if case.status in {"merged", "auto-merged"}:
        return []
    return [
        DuplicateMerged(
            case_id=case.case_id,
            entity_type=case.entity_type,
            candidate_ids=case.candidate_ids,
            survivor_id=command.survivor_id,
            is_automatic=command.is_automatic,
            decided_by=command.decided_by,
            merged_at=command.at,
        )
    ]
