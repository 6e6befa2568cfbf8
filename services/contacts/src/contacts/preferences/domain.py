"""Preferences: a key and a value, both codes; whoever is surer wins, among equals the later.

Codes alone, so that they may stand in a fact for ever: what somebody likes in words of their own is
the text of an interaction.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from shared.cause import Cause
from shared.contracts.campaigns import ResponseRecorded
from shared.contracts.contacts import CustomerPreferenceLearned
from shared.contracts.service_desk import SurveyAnswered
from shared.ids import derived_id

CODE = r"^[a-z0-9][a-z0-9._:-]{0,49}$"
"""Lower case, no blanks: `call-time`, `morning`."""

CHANNELS = {"reply": "email", "call": "phone"}
"""What a response says of how somebody likes to talk to us."""

Name: TypeAlias = tuple[UUID, UUID | None, str]
"""Whose preference it is, and its key: there is one of each."""

Said: TypeAlias = ResponseRecorded | SurveyAnswered
Trust: TypeAlias = Mapping[str, float]
"""How sure each source makes us; from one that is not there nothing is learned."""


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
    def name(self) -> Name:
        return self.customer_id, self.contact_id, self.key

    @property
    def preference_id(self) -> UUID:
        """There is one of each key, of the customer and of each person at it."""
        return derived_id("preference", self.customer_id, self.contact_id or "", self.key)


@dataclass(frozen=True, slots=True)
class Learned:
    """What a response or a survey says of a preference, and the fact that says it."""

    command: LearnPreference
    cause: Cause


def source_of(said: Said) -> str:
    """What stands in the policy for it: `response:click`, `survey:nps`."""
    kind = "survey" if isinstance(said, SurveyAnswered) else "response"
    return f"{kind}:{said.kind}"


def told_by(said: Said, customer_id: UUID, trust: Trust) -> Iterator[LearnPreference]:
    """What of it is a preference; the person's, where one is named."""
    confidence = trust.get(source_of(said))
    if confidence is None:
        return
    at, ref = _when_and_where(said)
    for key, value_code in _likes(said):
        if re.match(CODE, key):
            yield LearnPreference(
                customer_id, said.contact_id, key, value_code, confidence, at, ref
            )


def _when_and_where(said: Said) -> tuple[datetime, str]:
    if isinstance(said, SurveyAnswered):
        return said.answered_at, f"survey:{said.survey_id}"
    return said.occurred_at, f"response:{said.response_id}"


def _likes(said: Said) -> Iterator[tuple[str, str]]:
    """Of a response the products and the channel, of a survey what they think of us."""
    if isinstance(said, ResponseRecorded):
        for product in said.product_interests:
            yield f"product:{product.lower()}", "interested"
        if said.kind in CHANNELS:
            yield "channel", CHANNELS[said.kind]
    elif said.kind == "nps":
        yield "recommends-us", _level(said.score, ("no", 6), ("perhaps", 8), "yes")
    elif said.kind == "csat":
        yield "likes-our-service", _level(said.score, ("no", 2), ("perhaps", 3), "yes")


def _level(score: int, low: tuple[str, int], middle: tuple[str, int], high: str) -> str:
    """Each with the highest score that it stands for."""
    return next((name for name, highest in (low, middle) if score <= highest), high)


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
