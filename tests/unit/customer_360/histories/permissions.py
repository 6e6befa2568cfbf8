"""What may be done with a person's data: consents, suppressions and restrictions."""

from typing import Any

from shared.contact_points import subject_hash
from shared.contracts import contacts
from shared.contracts.topic import Event

from tests.unit.customer_360.histories.ids import Ids, an_id
from tests.unit.customer_360.histories.times import at

HASH_KEY = "key-of-the-tests-for-subject-hashes"


class PermissionFacts(Ids):
    def question_asked(self) -> contacts.ConsentConfirmationRequested:
        return contacts.ConsentConfirmationRequested(
            **self._consent(),
            source="form",
            token_id=an_id("token", self.name),
            captured_at=at(0),
            expires_at=at(72),
        )

    def consent_granted(self) -> contacts.ConsentGranted:
        return contacts.ConsentGranted(
            **self._consent(),
            lawful_basis="consent",
            source="form",
            captured_at=at(1),
            effective_from=at(1),
        )

    def consent_withdrawn(self) -> contacts.ConsentWithdrawn:
        return contacts.ConsentWithdrawn(
            **self._consent(), source="unsubscribe", effective_at=at(11)
        )

    def _consent(self) -> dict[str, Any]:
        return {
            "consent_id": self.consent,
            "contact_id": self.contact,
            "channel": "email",
            "purpose": "marketing",
        }

    def suppression_added(self) -> contacts.SuppressionAdded:
        return contacts.SuppressionAdded(
            suppression_id=self.suppression,
            subject_hash=subject_hash(HASH_KEY, "email", self.email),
            channel="email",
            reason_code="opt-out",
        )

    def _lifted(self) -> Event:
        return contacts.SuppressionLifted(
            suppression_id=self.suppression,
            subject_hash=subject_hash(HASH_KEY, "email", self.email),
            channel="email",
            reason_code="asked",
            approved_by="anna",
        )

    def restricted(self) -> Event:
        return contacts.ProcessingRestricted(
            request_id=self.privacy_request, contact_id=self.contact, scope="all"
        )

    def restriction_lifted(self) -> Event:
        return contacts.RestrictionLifted(request_id=self.privacy_request, contact_id=self.contact)
