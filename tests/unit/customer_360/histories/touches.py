"""What is told of talks with a customer, and of the preferences learned from them."""

from typing import Any

from shared.contracts import contacts

from tests.unit.customer_360.histories.ids import Ids, an_id
from tests.unit.customer_360.histories.times import at


class TouchFacts(Ids):
    def touch(self, number: int = 1, **changes: Any) -> contacts.InteractionRecorded:
        fields: dict[str, Any] = {
            "interaction_id": an_id(f"touch-{number}", self.name),
            "customer_id": self.customer,
            "contact_ids": (self.contact,),
            "channel": "phone",
            "direction": "outbound",
            "kind": "call",
            "occurred_at": at(number),
            "department": "sales",
            "source": "person",
        }
        return contacts.InteractionRecorded(**{**fields, **changes})

    def touch_corrected(self) -> contacts.InteractionCorrected:
        return contacts.InteractionCorrected(
            **dict(self.touch(outcome="reached")),
            changed_fields=("outcome",),
            reason_code="typed-wrong",
        )

    def preference(
        self, value: str = "morning", **changes: Any
    ) -> contacts.CustomerPreferenceLearned:
        fields: dict[str, Any] = {
            "preference_id": an_id("preference", self.name),
            "customer_id": self.customer,
            "contact_id": self.contact,
            "key": "call-time",
            "value_code": value,
            "confidence": 0.8,
            "learned_at": at(12),
        }
        return contacts.CustomerPreferenceLearned(**{**fields, **changes})
