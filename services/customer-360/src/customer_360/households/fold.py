"""The row of a household: who lives there after the last change; its name stays in contacts."""

from dataclasses import dataclass
from uuid import UUID

from shared.contracts.contacts import HouseholdChanged

from customer_360.folding import Fold


@dataclass(frozen=True, slots=True)
class Household:
    """Who lives together; nobody in one that is dissolved."""

    household_id: UUID
    version: int = 0
    member_contact_ids: tuple[UUID, ...] = ()
    head_contact_id: UUID | None = None


fold = Fold[Household](
    "household_id", lambda first: Household(first.event.household_id, first.envelope.version)
)


@fold.on(HouseholdChanged)
def changed(household: Household, event: HouseholdChanged) -> Household:
    return Household(
        household.household_id,
        household.version,
        member_contact_ids=event.member_contact_ids,
        head_contact_id=event.head_contact_id,
    )
