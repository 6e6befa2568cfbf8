"""What is told of a customer: its record, its owner and their handover, what it is related to."""

from typing import Any
from uuid import UUID

from shared.contracts import contacts
from shared.contracts.topic import Event

from tests.unit.customer_360.histories.ids import Ids, an_id
from tests.unit.customer_360.histories.times import at


class CustomerFacts(Ids):
    def customer_state(self, **changes: Any) -> contacts.CustomerState:
        fields: dict[str, Any] = {
            "customer_id": self.customer,
            "kind": "organization",
            "display_name": f"{self.name.capitalize()} Müller Machines",
            "lifecycle": "prospect",
            "lifecycle_since": at(0),
            "owner_id": "anna",
            "source": "fair",
            "tags": ("key-account",),
            "external_ids": (contacts.ExternalId(system="erp", id=f"no-{self.name}"),),
            "created_at": at(0),
        }
        return contacts.CustomerState(**{**fields, **changes})

    def _owner_changed(self) -> Event:
        return contacts.CustomerOwnerChanged(
            customer_id=self.customer,
            from_owner_id="anna",
            to_owner_id="tim",
            reason_code="handover",
            handover_id=self.handover,
        )

    def _handover(self) -> list[Event]:
        people: dict[str, Any] = {
            "handover_id": self.handover,
            "from_owner_id": "anna",
            "to_owner_id": "tim",
        }
        return [
            contacts.HandoverStarted(
                **people, reason_code="left", due_at=at(90), required_acks=("contacts",)
            ),
            contacts.HandoverCompleted(
                **people,
                status="completed",
                moved=(contacts.Moved(service="contacts", kind="customers", count=1),),
            ),
        ]

    def relationship(self, to_id: UUID | None = None, **changes: Any) -> Event:
        fields: dict[str, Any] = {
            "relationship_id": an_id(f"relationship-{to_id}", self.name),
            "from_id": self.customer,
            "from_type": "customer",
            "to_id": to_id or self.daughter,
            "to_type": "customer",
            "relationship_type": "parent-of",
            "valid_from": at(0),
        }
        return contacts.RelationshipEstablished(**{**fields, **changes})

    def relationship_ended(self) -> Event:
        said = dict(self.relationship())
        for name in ("role", "strength", "valid_from"):
            del said[name]
        return contacts.RelationshipEnded(**said, ended_at=at(20), reason_code="sold")
