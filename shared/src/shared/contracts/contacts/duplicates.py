"""Duplicates: two records that may be one party, and what became of the suspicion."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.topic import Event, events_topic

MatchedEntity = Literal["customer", "contact"]
FoundBy = Literal["write", "import", "scan", "reaction"]
MatchedTrait = Literal[
    "given_name", "family_name", "swapped_names", "birthday", "email", "phone", "customer",
    "house", "street", "further", "locality", "postal_code", "region", "company", "full_name",
    "legal_form", "domain", "tax_id", "loyalty_no", "external_id",
]  # fmt: skip
DUPLICATE_EVENTS = events_topic(
    "contacts", "duplicate", key="case_id", holds="pairs of records that may be one party"
)


@DUPLICATE_EVENTS.fact("detected")
class DuplicateDetected(Event):
    """Two records look like one party; `score` is how surely, by this version of the policy.

    `matched_on` names the traits that agree, the weightiest first; their values are on no topic of
    facts. Which record would stay after a merge is a suggestion.
    """

    case_id: UUID
    entity_type: Annotated[str, Open.to(MatchedEntity)]
    candidate_ids: tuple[UUID, ...]
    score: float
    matched_on: tuple[Annotated[str, Open.to(MatchedTrait)], ...]
    suggested_survivor_id: UUID
    policy_version: int
    found_by: Annotated[str, Open.to(FoundBy)]
    forced_for: str | None = None
    detected_at: datetime


@DUPLICATE_EVENTS.fact("dismissed")
class DuplicateDismissed(Event):
    """Somebody knows that these are two parties: the pair is never suspected again."""

    case_id: UUID
    entity_type: Annotated[str, Open.to(MatchedEntity)]
    candidate_ids: tuple[UUID, ...]
    reason_code: str
    decided_by: str
    dismissed_at: datetime


@DUPLICATE_EVENTS.fact("merged")
class DuplicateMerged(Event):
    """The records of the case were merged into one of them: by a person, or by the policy."""

    case_id: UUID
    entity_type: Annotated[str, Open.to(MatchedEntity)]
    candidate_ids: tuple[UUID, ...]
    survivor_id: UUID
    is_automatic: bool
    decided_by: str
    merged_at: datetime
