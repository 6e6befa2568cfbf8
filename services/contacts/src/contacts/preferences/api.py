"""Preferences over HTTP: codes in, codes out."""

from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from shared.aliases import current_id
from shared.auth import Caller, Reader, allow
from shared.contracts.contacts import CustomerPreferenceLearned
from shared.http.requests import Code, Cursor, Database, Limit, Page, page_of, read_cursor

from contacts.preferences import handlers, store
from contacts.preferences.domain import CODE, LearnPreference

router = APIRouter(tags=["preferences"])
Learner = Annotated[Caller, Depends(allow("sales", "service", "marketing", "integration"))]
PreferenceCode: TypeAlias = Annotated[str, StringConstraints(pattern=CODE)]
"""Free text belongs into an interaction."""


class PreferenceIn(BaseModel):
    """What is liked, where we have it from, and how sure we are; of the person, if one is named."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contact_id: UUID | None = None
    key: PreferenceCode
    value_code: PreferenceCode
    source_ref: Code | None = None
    confidence: Annotated[float, Field(gt=0, le=1)] = 1.0


class PreferenceOut(CustomerPreferenceLearned):
    """What a customer, or a person at it, likes as far as we know."""


@router.post("/v1/customers/{customer_id}/preferences")
async def learn_preference(
    caller: Learner, pool: Database, customer_id: UUID, body: PreferenceIn
) -> PreferenceOut:
    """Learn a preference; where a surer one is known, that one stays and is the answer."""
    command = LearnPreference(
        customer_id,
        body.contact_id,
        body.key,
        body.value_code,
        body.confidence,
        caller.cause.at,
        body.source_ref,
    )
    return _out(await handlers.learn_preference(pool, caller.cause, command))


@router.get("/v1/preferences")
async def list_preferences(  # noqa: PLR0913, PLR0917 -- one parameter per filter
    caller: Reader,
    pool: Database,
    customer_id: UUID | None = None,
    contact_id: UUID | None = None,
    key: Annotated[PreferenceCode | None, Query()] = None,
    value_code: Annotated[PreferenceCode | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PreferenceOut]:
    """What one customer or person likes, or who likes something."""
    del caller
    after = read_cursor(cursor, UUID)
    async with pool.acquire() as connection:
        current = await current_id(connection, contact_id) if contact_id else None
        wanted = store.Wanted(customer_id, current, key, value_code)
        found = await store.list_preferences(
            connection, wanted, after[0] if after else None, limit + 1
        )
    return page_of([_out(each) for each in found], limit, lambda item: [item.preference_id])


def _out(preference: CustomerPreferenceLearned) -> PreferenceOut:
    return PreferenceOut(**dict(preference))
