"""What is told of a customer that is a partner, and of its representatives."""

from typing import Any

from shared.contracts import contacts
from shared.contracts.topic import Event

from tests.unit.customer_360.histories.ids import Ids
from tests.unit.customer_360.histories.times import at


class PartnerFacts(Ids):
    def partner_onboarded(self, **changes: Any) -> contacts.PartnerOnboarded:
        fields: dict[str, Any] = {
            **self._partner(),
            "program": "dealer",
            "tier": "silver",
            "territories": ("AT",),
            "onboarded_at": at(1),
        }
        return contacts.PartnerOnboarded(**{**fields, **changes})

    def partner_active(self) -> contacts.PartnerStatusChanged:
        return contacts.PartnerStatusChanged(
            **self._partner(),
            from_status="prospective",
            to_status="active",
            reason_code="signed",
            since=at(2),
        )

    def rep_registered(self) -> contacts.PartnerRepRegistered:
        return contacts.PartnerRepRegistered(
            **self._partner(), contact_id=self.contact, role="sales", registered_at=at(3)
        )

    def rep_certified(self, course: str = "basic", hours: float = 30) -> Event:
        return contacts.PartnerRepCertified(
            **self._partner(),
            contact_id=self.contact,
            course_id=course,
            score=87.5,
            valid_until=at(hours),
        )

    def rep_expired(self) -> contacts.PartnerRepExpired:
        return contacts.PartnerRepExpired(
            **self._partner(), contact_id=self.contact, expired_at=at(30)
        )

    def rep_removed(self) -> contacts.PartnerRepRemoved:
        return contacts.PartnerRepRemoved(
            **self._partner(), contact_id=self.contact, reason_code="left-company"
        )

    def _partner(self) -> dict[str, Any]:
        return {"partner_id": self.partnership, "customer_id": self.customer}
