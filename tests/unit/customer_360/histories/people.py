"""What is told of a person: the record, the outside id, the household."""

from typing import Any
from uuid import UUID

from shared.contracts import contacts
from shared.contracts.topic import Event

from tests.unit.customer_360.histories.ids import Ids
from tests.unit.customer_360.histories.times import at


class PersonFacts(Ids):
    def contact_state(self, **changes: Any) -> contacts.ContactState:
        fields: dict[str, Any] = {
            "contact_id": self.contact,
            "given_name": self.name.capitalize(),
            "family_name": "Lovelace",
            "points": (
                contacts.ContactPoint(
                    point_id=self.point, type="email", value=self.email, normalized=self.email
                ),
                contacts.ContactPoint(
                    point_id=self.number, type="phone", value=self.phone, normalized=self.phone
                ),
            ),
            "memberships": (
                contacts.Membership(
                    customer_id=self.customer, role="buyer", is_primary=True, since=at(0)
                ),
            ),
            "created_at": at(0),
        }
        return contacts.ContactState(**{**fields, **changes})

    def _identity(self) -> Event:
        return contacts.IdentityLinked(
            link_id=self.link,
            contact_id=self.contact,
            identifier_type="submission",
            identifier=str(self.submission),
            source="form",
            confidence=1.0,
        )

    def household(
        self, action: contacts.HouseholdAction = "founded", *members: UUID
    ) -> contacts.HouseholdChanged:
        """Of the story's person and of these others; nobody is left in a dissolved one."""
        lives = () if action == "dissolved" else (self.contact, *members)
        return contacts.HouseholdChanged(
            household_id=self.home,
            member_contact_ids=lives,
            head_contact_id=self.contact if lives else None,
            action=action,
            contact_id=members[-1] if members else self.contact,
        )
