"""What is told of records that are one, or seem to be."""

from typing import Any
from uuid import UUID

from shared.contracts import contacts
from shared.contracts.topic import Event

from tests.unit.customer_360.histories.ids import Ids
from tests.unit.customer_360.histories.times import at


class MergeFacts(Ids):
    def merged_with(self, *merged_ids: UUID, **changes: Any) -> contacts.CustomerMerged:
        fields: dict[str, Any] = {
            "customer_id": self.customer,
            "merge_id": self.merge,
            "merged_ids": merged_ids,
            "reversible_until": at(24 * 30),
            "reason_code": "duplicate",
            "decided_by": "user:mia",
        }
        return contacts.CustomerMerged(**{**fields, **changes})

    def merge_undone(self, *restored_ids: UUID) -> contacts.CustomerUnmerged:
        return contacts.CustomerUnmerged(
            customer_id=self.customer,
            merge_id=self.merge,
            restored_ids=restored_ids,
            reason_code="mistake",
            decided_by="user:otto",
        )

    def person_merged_with(self, *merged_ids: UUID, **changes: Any) -> contacts.ContactMerged:
        fields: dict[str, Any] = {
            "contact_id": self.contact,
            "merge_id": self.merge_of_people,
            "merged_ids": merged_ids,
            "reversible_until": at(24 * 30),
            "reason_code": "duplicate",
            "decided_by": "policy:duplicates",
        }
        return contacts.ContactMerged(**{**fields, **changes})

    def _duplicate(self) -> Event:
        return contacts.DuplicateDetected(
            case_id=self.case,
            entity_type="contact",
            candidate_ids=tuple(sorted((self.contact, self.stranger))),
            score=0.8,
            matched_on=("phone",),
            suggested_survivor_id=self.contact,
            policy_version=1,
            found_by="scan",
            detected_at=at(8),
        )

    def _no_duplicate(self) -> Event:
        return contacts.DuplicateDismissed(
            case_id=self.case,
            entity_type="contact",
            candidate_ids=tuple(sorted((self.contact, self.stranger))),
            reason_code="twins",
            decided_by="user:anna",
            dismissed_at=at(9),
        )
