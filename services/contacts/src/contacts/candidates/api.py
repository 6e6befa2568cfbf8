"""FindDuplicates over HTTP: describe a customer or a contact, and hear whom it may be."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, model_validator
from shared.auth import Caller, allow
from shared.http.requests import Database

from contacts.candidates import handlers
from contacts.inputs import ContactIn, CustomerIn
from contacts.matching.scoring import current_policy
from contacts.requests import Rules

router = APIRouter(prefix="/v1/duplicates/search", tags=["duplicates"])
Searcher = Annotated[Caller, Depends(allow("sales", "service", "marketing", "integration"))]


class SearchIn(BaseModel):
    """Somebody as they would be created: a customer or a contact."""

    model_config = ConfigDict(extra="forbid")

    customer: CustomerIn | None = None
    contact: ContactIn | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "SearchIn":
        if (self.customer is None) == (self.contact is None):
            raise ValueError("describe either a customer or a contact")
        return self


class ReasonOut(BaseModel):
    """What one trait says: how far it agrees, and what that is worth, for or against, in bits."""

    trait: str
    level: str
    bits: float


class CandidateOut(BaseModel):
    """A record that may be the one described."""

    entity_id: UUID
    score: float
    matched_on: list[str]
    reasons: list[ReasonOut]


class CandidatesOut(BaseModel):
    """The surest first. From `block` on creating is refused, from `review` on it opens a case."""

    candidates: list[CandidateOut]
    policy_version: int
    review: float
    block: float


@router.post("")
async def search_duplicates(
    caller: Searcher, pool: Database, rules: Rules, body: SearchIn
) -> CandidatesOut:
    """Whom this may be, by the rules that creating it would follow; nothing is written."""
    if body.customer is not None:
        found = await handlers.find_customers(pool, caller.cause, body.customer)
    else:
        assert body.contact is not None
        found = await handlers.find_people(pool, caller.cause, rules, body.contact)
    policy = current_policy()
    return CandidatesOut.model_validate(
        {
            "candidates": found,
            "policy_version": policy.version,
            "review": policy.review,
            "block": policy.block,
        }
    )
