"""Search over HTTP."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from shared.auth import Reader
from shared.db import Connection, transaction
from shared.errors import InvalidError
from shared.http.requests import Code, Database, Limit, Page, Text

from customer_360.customers.fold import external_key
from customer_360.search import store
from customer_360.search.store import Hit
from customer_360.search.terms import point_key_of

router = APIRouter(prefix="/v1/customers", tags=["search"])


class NothingToSearchError(InvalidError):
    """Give `q` (a name, an e-mail, a phone number), or `external_system` and `external_id`."""


class HitOut(BaseModel):
    """A customer that was found; `matched` says by what."""

    model_config = ConfigDict(from_attributes=True)

    customer_id: UUID
    display_name: str | None
    kind: str | None
    lifecycle: str | None
    matched: str
    matched_text: str | None


@router.get("")
async def search_customers(
    caller: Reader,
    pool: Database,
    q: Text | None = None,
    external_system: Code | None = None,
    external_id: Text | None = None,
    limit: Limit = 20,
) -> Page[HitOut]:
    """Customers by name (misspelt too), e-mail, phone or another system's id; the best first."""
    del caller
    async with transaction(pool) as connection:
        if external_system is not None and external_id is not None:
            key = external_key(external_system, external_id)
            hits = await store.find_by_external_id(connection, key, limit)
        elif q is not None:
            hits = await _find(connection, q, limit)
        else:
            raise NothingToSearchError(field="q")
    return Page(items=[HitOut.model_validate(hit) for hit in hits])


async def _find(connection: Connection, text: str, limit: int) -> list[Hit]:
    hits: list[Hit] = []
    point_key = point_key_of(text)
    if point_key is not None:
        hits = await store.find_by_point(connection, point_key, limit)
    hits = hits or await store.find_by_any_external_id(connection, text, limit)
    return hits or await store.find_by_name(connection, text, limit)
