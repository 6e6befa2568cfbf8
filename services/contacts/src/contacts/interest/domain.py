"""Interest: a lead or a response of somebody we know, and which of it is news.

A prospect whose leads are all disqualified is disqualified; interest that is shown after that makes
it a prospect again. What was shown before does not: it was decided in spite of it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.cause import Cause
from shared.contracts.contacts import CustomerState
from shared.contracts.pipeline import LeadState

from contacts.customers.lifecycle import FollowFact


@dataclass(frozen=True, slots=True)
class Interest:
    """Somebody showed interest in us: when, and by what."""

    cause_type: Literal["lead", "response"]
    cause_id: UUID
    shown_at: datetime
    cause: Cause


def news_of(interest: Interest, state: CustomerState) -> FollowFact | None:
    """What follows for the customer; None where it stands as it does since then."""
    if interest.shown_at <= state.lifecycle_since:
        return None
    at, kind = interest.cause.at, interest.cause_type
    return FollowFact("new-interest", "prospect", at, kind, interest.cause_id)


def was_given_up(before: str | None, lead: LeadState) -> bool:
    """Whether the lead was seen open and is disqualified now; of older ones nobody concludes."""
    return lead.status == "disqualified" and before not in {None, "disqualified"}


def is_open(lead: LeadState) -> bool:
    return lead.status not in {"disqualified", "converted"}
