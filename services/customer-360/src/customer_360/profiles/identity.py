"""Whether the customer is known once: who may be the same, and which records became one; pure."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from customer_360.profiles.known import Known


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class DuplicateShown(_Shown):
    """An open case: a record of this customer (itself or a person) and one that may be the same.

    Where both are people of this customer, both are `record_ids`.
    """

    case_id: UUID
    version: int
    entity_type: str | None
    record_ids: list[UUID]
    other_ids: list[UUID]
    score: Decimal | None
    matched_on: tuple[str, ...]
    suggested_survivor_id: UUID | None
    detected_at: datetime | None


class MergeShown(_Shown):
    """Records that were made one: of the customer, or of one of its people.

    Until `reversible_until` contacts undoes it (`POST /v1/merges/{merge_id}/undo`), of several
    into one record the last first.
    """

    merge_id: UUID
    version: int
    party: str
    survivor_id: UUID
    merged_ids: tuple[UUID, ...]
    reason_code: str | None
    decided_by: str | None
    decided_at: datetime | None
    reversible_until: datetime | None
    is_undone: bool
    undone_by: str | None
    undone_for: str | None


class IdentitySection(_Shown):
    """Whether the customer is known once; of the merges the latest first.

    `names` are what the records named here are called; who was erased has none.
    """

    duplicates: list[DuplicateShown]
    merges: list[MergeShown]
    names: dict[UUID, str]


def identity_of(known: Known, names: Mapping[UUID, str]) -> IdentitySection:
    """The section of the view."""
    here = {*known.record_ids, *(person.contact_id for person in known.people)}
    shown = [
        DuplicateShown(
            case_id=case.case_id,
            version=case.version,
            entity_type=case.entity_type,
            record_ids=[each for each in case.candidate_ids if each in here],
            other_ids=[each for each in case.candidate_ids if each not in here],
            score=case.score,
            matched_on=case.matched_on,
            suggested_survivor_id=case.suggested_survivor_id,
            detected_at=case.detected_at,
        )
        for case in known.duplicates
    ]
    merges = [MergeShown.model_validate(merge) for merge in known.merges]
    cases = (case.candidate_ids for case in known.duplicates)
    ids = {each for case in cases for each in case}
    ids |= {each for one in known.merges for each in (one.survivor_id, *one.merged_ids)}
    called = {each: names[each] for each in sorted(ids) if names.get(each)}
    return IdentitySection(duplicates=shown, merges=merges, names=called)
