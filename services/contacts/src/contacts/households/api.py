"""Households over HTTP: who lives together, and who heads the household."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field
from shared.auth import Caller, Reader, allow
from shared.contracts.contacts import HouseholdState
from shared.http.refusing import refuses
from shared.http.requests import (
    Cursor,
    Database,
    IfMatch,
    Limit,
    NewId,
    Page,
    Text,
    page_of,
    read_cursor,
    tag_version,
)

from contacts.households import handlers, store
from contacts.households.domain import (
    AddMember,
    DissolveHousehold,
    FoundHousehold,
    Household,
    RemoveMember,
    RenameHousehold,
    SetHead,
)
from contacts.people.domain import ContactNotFoundError

router = APIRouter(prefix="/v1/households", tags=["households"])
Editor = Annotated[Caller, Depends(allow("sales", "service", "marketing", "integration"))]
MOST_MEMBERS = 50


class HouseholdIn(BaseModel):
    """A new household; the head is one of the members."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Text | None = None
    member_contact_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=MOST_MEMBERS)]
    head_contact_id: UUID


class NameIn(BaseModel):
    """What the household goes by; null takes the name away."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Text | None


class HeadIn(BaseModel):
    """The member who heads the household from now on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contact_id: UUID


class HouseholdOut(HouseholdState):
    """A household and the version of what you see."""

    version: int


@router.post("", status_code=201, responses=refuses(ContactNotFoundError))
async def found_household(
    caller: Editor, pool: Database, household_id: NewId, body: HouseholdIn, response: Response
) -> HouseholdOut:
    """Found a household of people who live in no other."""
    members = tuple(dict.fromkeys(body.member_contact_ids))
    command = FoundHousehold(
        household_id, body.name, members, body.head_contact_id, caller.cause.at
    )
    return _out(await handlers.found_household(pool, caller.cause, command), response)


@router.get("")
async def list_households(
    caller: Reader,
    pool: Database,
    contact_id: UUID | None = None,
    *,
    with_dissolved: bool = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[HouseholdOut]:
    """All households, or the one that a person lives in."""
    del caller
    after = read_cursor(cursor, UUID)
    wanted = store.Wanted(contact_id, with_dissolved)
    async with pool.acquire() as connection:
        found = await store.list_households(
            connection, wanted, after[0] if after else None, limit + 1
        )
    return page_of([_out(each) for each in found], limit, lambda item: [item.household_id])


@router.get("/{household_id}")
async def read_household(
    caller: Reader, pool: Database, household_id: UUID, response: Response
) -> HouseholdOut:
    """Who lives in it since when, and who heads it; nobody, where it is dissolved."""
    del caller
    async with pool.acquire() as connection:
        return _out(await store.load_household(connection, household_id), response)


@router.patch("/{household_id}")
async def rename_household(
    caller: Editor,
    pool: Database,
    household_id: UUID,
    body: NameIn,
    if_match: IfMatch,
    response: Response,
) -> HouseholdOut:
    """Give it another name, or none; the fact `household.changed` does not say which."""
    command = RenameHousehold(body.name)
    changed = await handlers.change_household(pool, caller.cause, household_id, command, if_match)
    return _out(changed, response)


@router.put("/{household_id}/members/{contact_id}")
async def add_member(
    caller: Editor,
    pool: Database,
    household_id: UUID,
    contact_id: UUID,
    if_match: IfMatch,
    response: Response,
) -> HouseholdOut:
    """The person lives there from now on: `household.changed`; a repeat publishes nothing.

    Who lives in another household is removed there first (409).
    """
    command = AddMember(contact_id, caller.cause.at)
    changed = await handlers.change_household(pool, caller.cause, household_id, command, if_match)
    return _out(changed, response)


@router.post("/{household_id}/members/{contact_id}/remove")
async def remove_member(
    caller: Editor,
    pool: Database,
    household_id: UUID,
    contact_id: UUID,
    if_match: IfMatch,
    response: Response,
) -> HouseholdOut:
    """The head cannot be removed: set another one first."""
    command = RemoveMember(contact_id)
    changed = await handlers.change_household(pool, caller.cause, household_id, command, if_match)
    return _out(changed, response)


@router.put("/{household_id}/head")
async def set_head(
    caller: Editor,
    pool: Database,
    household_id: UUID,
    body: HeadIn,
    if_match: IfMatch,
    response: Response,
) -> HouseholdOut:
    """Another member heads the household; who is no member cannot (422)."""
    command = SetHead(body.contact_id)
    changed = await handlers.change_household(pool, caller.cause, household_id, command, if_match)
    return _out(changed, response)


@router.post("/{household_id}/dissolve")
async def dissolve_household(
    caller: Editor, pool: Database, household_id: UUID, if_match: IfMatch, response: Response
) -> HouseholdOut:
    """Everybody leaves, and the name is forgotten; the household is not founded again."""
    command = DissolveHousehold(caller.cause.at)
    changed = await handlers.change_household(pool, caller.cause, household_id, command, if_match)
    return _out(changed, response)


def _out(household: Household, response: Response | None = None) -> HouseholdOut:
    if response is not None:
        tag_version(response, household.version)
    return HouseholdOut(**dict(household.state), version=household.version)
