"""The row of a merge of customers or of people.

Whom an old id means is asked of the records' own snapshots; this row tells how it came about.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from shared.contracts.contacts import (
    ContactMerged,
    ContactUnmerged,
    CustomerMerged,
    CustomerUnmerged,
)

from customer_360.folding import Arrived, Fold

AnyFact: TypeAlias = CustomerMerged | CustomerUnmerged | ContactMerged | ContactUnmerged
Party = Literal["customer", "contact"]


@dataclass(frozen=True, slots=True)
class Merge:
    """These records were made one; `version` is of the one that stays."""

    merge_id: UUID
    version: int
    party: str
    survivor_id: UUID
    merged_ids: tuple[UUID, ...] = ()
    reason_code: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    reversible_until: datetime | None = None
    is_undone: bool = False
    undone_by: str | None = None
    undone_for: str | None = None


def _first_of_customer(first: Arrived[CustomerMerged | CustomerUnmerged]) -> Merge:
    return _first(first, "customer", first.event.customer_id)


def _first_of_person(first: Arrived[ContactMerged | ContactUnmerged]) -> Merge:
    return _first(first, "contact", first.event.contact_id)


def _first(first: Arrived[AnyFact], party: Party, survivor_id: UUID) -> Merge:
    """The time is the fact's; of a merge whose first fact is its undoing nobody knows it."""
    event, envelope = first.event, first.envelope
    decided_at = envelope.time if isinstance(event, CustomerMerged | ContactMerged) else None
    return Merge(event.merge_id, envelope.version, party, survivor_id, decided_at=decided_at)


customer_merge_fold = Fold[Merge]("merge_id", _first_of_customer)
contact_merge_fold = Fold[Merge]("merge_id", _first_of_person)


@customer_merge_fold.on(CustomerMerged)
def customers_merged(merge: Merge, event: CustomerMerged) -> Merge:
    return _merged(merge, event)


@customer_merge_fold.on(CustomerUnmerged)
def customers_unmerged(merge: Merge, event: CustomerUnmerged) -> Merge:
    return _unmerged(merge, event)


@contact_merge_fold.on(ContactMerged)
def people_merged(merge: Merge, event: ContactMerged) -> Merge:
    return _merged(merge, event)


@contact_merge_fold.on(ContactUnmerged)
def people_unmerged(merge: Merge, event: ContactUnmerged) -> Merge:
    return _unmerged(merge, event)


def _merged(merge: Merge, event: CustomerMerged | ContactMerged) -> Merge:
    return replace(
        merge,
        merged_ids=event.merged_ids,
        reason_code=event.reason_code,
        decided_by=event.decided_by,
        reversible_until=event.reversible_until,
    )


def _unmerged(merge: Merge, event: CustomerUnmerged | ContactUnmerged) -> Merge:
    return replace(
        merge,
        merged_ids=merge.merged_ids or event.restored_ids,
        is_undone=True,
        undone_by=event.decided_by,
        undone_for=event.reason_code,
    )
