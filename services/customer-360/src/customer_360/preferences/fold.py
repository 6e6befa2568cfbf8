"""The row of a preference: what was learned last."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from shared.contracts.contacts import CustomerPreferenceLearned

from customer_360.folding import Fold


@dataclass(frozen=True, slots=True)
class Preference:
    """What is liked, and how sure we are; `version` is the customer's at the fact."""

    preference_id: UUID
    version: int = 0
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    key: str | None = None
    value_code: str | None = None
    source_ref: str | None = None
    confidence: Decimal | None = None
    learned_at: datetime | None = None


fold = Fold[Preference](
    "preference_id", lambda first: Preference(first.event.preference_id, first.envelope.version)
)


@fold.on(CustomerPreferenceLearned)
def learned(preference: Preference, event: CustomerPreferenceLearned) -> Preference:
    return Preference(
        preference_id=preference.preference_id,
        version=preference.version,
        customer_id=event.customer_id,
        contact_id=event.contact_id,
        key=event.key,
        value_code=event.value_code,
        source_ref=event.source_ref,
        confidence=Decimal(str(event.confidence)),
        learned_at=event.learned_at,
    )
