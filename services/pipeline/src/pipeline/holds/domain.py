"""A credit hold as pipeline knows it: the newest word of contacts on a customer."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.contacts import CustomerCreditHoldPlaced, CustomerCreditHoldReleased

HoldFact = CustomerCreditHoldPlaced | CustomerCreditHoldReleased


@dataclass(frozen=True, slots=True)
class Hold:
    """`version` is the customer's; `reason_code` is None where the hold was released."""

    customer_id: UUID
    version: int
    reason_code: str | None
    since: datetime

    @property
    def is_held(self) -> bool:
        return self.reason_code is not None


def hold_of(fact: HoldFact, version: int) -> Hold:
    match fact:
        case CustomerCreditHoldPlaced():
            return Hold(fact.customer_id, version, fact.reason_code, fact.placed_at)
        case CustomerCreditHoldReleased():
            return Hold(fact.customer_id, version, None, fact.released_at)
