"""Relationships over HTTP, and the group that a customer belongs to."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from shared.aliases import current_id
from shared.auth import Caller, Reader, allow
from shared.contracts.contacts import PartyType, RelationshipEstablished, RelationshipType
from shared.http.refusing import refuses
from shared.http.requests import Code, Cursor, Database, Limit, NewId, Page, page_of, read_cursor

from contacts.customers.domain import CustomerNotFoundError
from contacts.customers.store import load_customer
from contacts.people.domain import ContactNotFoundError
from contacts.relationships import handlers, store
from contacts.relationships.domain import Relationship

router = APIRouter(tags=["relationships"])
Editor = Annotated[Caller, Depends(allow("sales", "service", "marketing", "integration"))]


class RelationshipIn(BaseModel):
    """Read as a sentence: `from` is the parent, dealer, guarantor … of `to`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    from_id: UUID
    from_type: PartyType = "customer"
    to_id: UUID
    to_type: PartyType = "customer"
    relationship_type: RelationshipType
    role: Code | None = None
    strength: Annotated[float, Field(gt=0, le=1)] | None = None
    valid_from: AwareDatetime | None = None


class EndIn(BaseModel):
    """Why they are not related any more."""

    reason_code: Code


class RelationshipOut(RelationshipEstablished):
    """A relationship, whether it has ended, and the version of what you see."""

    ended_at: datetime | None
    reason_code: str | None
    version: int


class GroupOut(BaseModel):
    """Where a customer stands in its group; the parent's parents follow, the root is the last."""

    customer_id: UUID
    parent_customer_id: UUID | None
    ancestor_ids: list[UUID]


@router.post(
    "/v1/relationships",
    status_code=201,
    responses=refuses(CustomerNotFoundError, ContactNotFoundError),
)
async def establish_relationship(
    caller: Editor, pool: Database, relationship_id: NewId, body: RelationshipIn
) -> RelationshipOut:
    """Relate two parties. A group has no circles, and each customer of it one parent."""
    told = RelationshipEstablished(
        relationship_id=relationship_id,
        valid_from=body.valid_from or caller.cause.at,
        **body.model_dump(exclude={"valid_from"}),
    )
    return _out(await handlers.establish_relationship(pool, caller.cause, told))


@router.get("/v1/relationships")
async def list_relationships(  # noqa: PLR0913 -- one parameter per filter
    caller: Reader,
    pool: Database,
    party_id: Annotated[UUID, Query(description="A customer or a person.")],
    relationship_type: RelationshipType | None = None,
    *,
    with_ended: bool = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[RelationshipOut]:
    """How a customer or a person is related, in either direction."""
    del caller
    after = read_cursor(cursor, UUID)
    async with pool.acquire() as connection:
        current = await current_id(connection, party_id)
        wanted = store.Wanted(current, relationship_type, with_ended)
        found = await store.list_relationships(
            connection, wanted, after[0] if after else None, limit + 1
        )
    return page_of([_out(each) for each in found], limit, lambda item: [item.relationship_id])


@router.get("/v1/relationships/{relationship_id}")
async def read_relationship(
    caller: Reader, pool: Database, relationship_id: UUID
) -> RelationshipOut:
    """Who is related to whom and how, since when, and until when where it is over."""
    del caller
    async with pool.acquire() as connection:
        return _out(await store.load_relationship(connection, relationship_id))


@router.post("/v1/relationships/{relationship_id}/end")
async def end_relationship(
    caller: Editor, pool: Database, relationship_id: UUID, body: EndIn
) -> RelationshipOut:
    """The two are related so no longer: `relationship.ended`; a repeat publishes nothing."""
    ended = await handlers.end_relationship(pool, caller.cause, relationship_id, body.reason_code)
    return _out(ended)


@router.get("/v1/customers/{customer_id}/group")
async def read_group(caller: Reader, pool: Database, customer_id: UUID) -> GroupOut:
    """Its parent, and those above; the figures of the whole group are the 360's."""
    del caller
    async with pool.acquire() as connection:
        await load_customer(connection, customer_id)
        above = await store.list_ancestors(connection, customer_id)
    return GroupOut(
        customer_id=customer_id,
        parent_customer_id=above[0] if above else None,
        ancestor_ids=above,
    )


def _out(relationship: Relationship) -> RelationshipOut:
    return RelationshipOut(
        **dict(relationship.told),
        ended_at=relationship.ended_at,
        reason_code=relationship.reason_code,
        version=relationship.version,
    )
