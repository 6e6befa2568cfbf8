"""Preferences: a key and a value, both codes; whoever is surer wins, among equals the later.

Codes alone, so that they may stand in a fact for ever: what somebody likes in words of their own is
the text of an interaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.contacts import CustomerPreferenceLearned
from shared.ids import derived_id


@dataclass(frozen=True, slots=True)
class LearnPreference:
    """`confidence` is how sure we are, above 0 to 1; 1 is what they said themselves."""

    customer_id: UUID
    contact_id: UUID | None
    key: str
    value_code: str
    confidence: float
    at: datetime
    source_ref: str | None = None

    @property
    def preference_id(self) -> UUID:
        """There is one of each key, of the customer and of each person at it."""
        return derived_id("preference", self.customer_id, self.contact_id or "", self.key)


def decide(
    known: CustomerPreferenceLearned | None, command: LearnPreference
) -> Sequence[CustomerPreferenceLearned]:
    """The fact, which is the preference as it is now; none where what is known is surer."""
    if known is not None:
        if (command.confidence, command.at) <= (known.confidence, known.learned_at):
            return []
        if (command.value_code, command.confidence) == (known.value_code, known.confidence):
            return []
    return [
        CustomerPreferenceLearned(
            preference_id=command.preference_id,
            customer_id=command.customer_id,
            contact_id=command.contact_id,
            key=command.key,
            value_code=command.value_code,
            source_ref=command.source_ref,
            confidence=command.confidence,
            learned_at=command.at,
        )
    ]
