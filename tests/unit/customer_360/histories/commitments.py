"""What is told of a promise that was made to a customer."""

from typing import Any

from shared.contracts import pipeline
from shared.contracts.topic import Event

from tests.unit.customer_360.histories.ids import Ids
from tests.unit.customer_360.histories.times import at


class CommitmentFacts(Ids):
    def promise(self, **changes: Any) -> pipeline.CommitmentMade:
        fields: dict[str, Any] = {
            "commitment_id": self.commitment,
            "customer_id": self.customer,
            "contact_id": self.contact,
            "kind": "delivery",
            "made_by": "anna",
            "owner_id": "anna",
            "due_at": at(48),
        }
        return pipeline.CommitmentMade(**{**fields, **changes})

    def _promise(self) -> dict[str, Any]:
        return {"commitment_id": self.commitment, "customer_id": self.customer}

    def promise_due_soon(self) -> pipeline.CommitmentDueSoon:
        return pipeline.CommitmentDueSoon(**self._promise(), owner_id="anna", due_at=at(48))

    def promise_broken(self) -> pipeline.CommitmentBroken:
        return pipeline.CommitmentBroken(
            **self._promise(), owner_id="anna", due_at=at(48), broken_at=at(48)
        )

    def promise_kept(self) -> pipeline.CommitmentFulfilled:
        return pipeline.CommitmentFulfilled(**self._promise(), is_late=True, fulfilled_at=at(50))

    def promise_given(self) -> pipeline.CommitmentOwnerChanged:
        return pipeline.CommitmentOwnerChanged(
            **self._promise(),
            from_owner_id="anna",
            to_owner_id="tim",
            reason_code="handover",
            handover_id=self.handover,
        )

    def kept_late(self) -> list[Event]:
        return [
            self.promise(),
            self.promise_due_soon(),
            self.promise_given(),
            self.promise_broken(),
            self.promise_kept(),
        ]
