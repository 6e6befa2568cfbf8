"""People over HTTP; the outside calls them contacts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel
from shared.auth import Caller, Reader, allow
from shared.contact_points import EmailInvalidError, PhoneInvalidError
from shared.contracts.contacts import ArchivedFor, ContactState, RecordStatus
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

from contacts.inputs import ContactIn, PersonIn, PointIn
from contacts.people import handlers, store
from contacts.people.domain import (
    ArchivePerson,
    CreatePerson,
    InvalidatePoint,
    InvalidFor,
    Person,
    RestorePerson,
    UpdatePerson,
)
from contacts.people.memberships import (
    EndMembership,
    Part,
    SetMembership,
)
from contacts.points import PointRules
from contacts.requests import Rules

router = APIRouter(prefix="/v1/contacts", tags=["contacts"])
Editor = Annotated[Caller, Depends(allow("sales", "service", "marketing", "integration"))]


class ContactOut(ContactState):
    """A person and the version of what you see."""

    version: int


class InvalidateIn(BaseModel):
    """Why the address does not reach the person."""

    reason_code: InvalidFor


class PartIn(BaseModel):
    """The person's role in the customer."""

    role: Text | None = None
    is_primary: bool = False


class ArchiveIn(BaseModel):
    """Why the record is put away."""

    reason_code: ArchivedFor


@router.post("", status_code=201)
async def create_contact(
    caller: Editor,
    pool: Database,
    rules: Rules,
    contact_id: NewId,
    body: ContactIn,
    response: Response,
) -> ContactOut:
    customer_ids = [each.customer_id for each in body.memberships]
    points = await handlers.read_points(pool, rules, body.points, customer_ids)
    profile = body.given()
    parts = tuple(Part(each.customer_id, each.role, each.is_primary) for each in body.memberships)
    for name in ("points", "memberships"):
        profile.pop(name, None)
    command = CreatePerson(contact_id, profile, caller.cause.at, points, parts)
    return _out(await handlers.create_person(pool, caller.cause, command), response)


@router.get("/{contact_id}")
async def read_contact(
    caller: Reader, pool: Database, contact_id: UUID, response: Response
) -> ContactOut:
    del caller
    async with pool.acquire() as connection:
        return _out(await store.load_person(connection, contact_id), response)


@router.get("")
async def list_contacts(  # noqa: PLR0913, PLR0917 -- one parameter per filter
    caller: Reader,
    pool: Database,
    rules: Rules,
    email: Annotated[Text | None, Query()] = None,
    phone: Annotated[Text | None, Query()] = None,
    customer_id: UUID | None = None,
    record_status: RecordStatus = "active",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ContactOut]:
    """An address that is none finds nobody. With both, people with either are found."""
    del caller
    after = read_cursor(cursor, UUID)
    normalized = _normalized(rules, email, phone)
    async with pool.acquire() as connection:
        found = await store.list_people(
            connection,
            normalized,
            customer_id,
            record_status,
            after[0] if after else None,
            limit + 1,
        )
    return page_of([_out(each) for each in found], limit, lambda item: [item.contact_id])


def _normalized(rules: PointRules, email: str | None, phone: str | None) -> list[str] | None:
    if email is None and phone is None:
        return None
    found: list[str] = []
    try:
        if email is not None:
            found.append(rules.read("email", email).normalized)
        if phone is not None:
            found.append(rules.read("phone", phone).normalized)
    except (EmailInvalidError, PhoneInvalidError):
        return found
    return found


@router.patch("/{contact_id}")
async def update_contact(
    caller: Editor,
    pool: Database,
    contact_id: UUID,
    body: PersonIn,
    if_match: IfMatch,
    response: Response,
) -> ContactOut:
    command = UpdatePerson(body.given())
    changed = await handlers.change_person(pool, caller.cause, contact_id, command, if_match)
    return _out(changed, response)


@router.post("/{contact_id}/points", status_code=201)
async def add_point(
    caller: Editor,
    pool: Database,
    rules: Rules,
    contact_id: UUID,
    body: PointIn,
    response: Response,
) -> ContactOut:
    changed = await handlers.add_point(pool, caller.cause, rules, contact_id, body)
    return _out(changed, response)


@router.post("/{contact_id}/points/{point_id}/invalidate")
async def invalidate_point(
    caller: Editor,
    pool: Database,
    contact_id: UUID,
    point_id: UUID,
    body: InvalidateIn,
    response: Response,
) -> ContactOut:
    command = InvalidatePoint(point_id, body.reason_code)
    return _out(await handlers.change_person(pool, caller.cause, contact_id, command), response)


@router.put("/{contact_id}/memberships/{customer_id}")
async def set_membership(  # noqa: PLR0913, PLR0917
    caller: Editor,
    pool: Database,
    contact_id: UUID,
    customer_id: UUID,
    body: PartIn,
    if_match: IfMatch,
    response: Response,
) -> ContactOut:
    command = SetMembership(Part(customer_id, body.role, body.is_primary), caller.cause.at)
    changed = await handlers.change_person(pool, caller.cause, contact_id, command, if_match)
    return _out(changed, response)


@router.post("/{contact_id}/memberships/{customer_id}/end")
async def end_membership(
    caller: Editor, pool: Database, contact_id: UUID, customer_id: UUID, response: Response
) -> ContactOut:
    command = EndMembership(customer_id, caller.cause.at)
    return _out(await handlers.change_person(pool, caller.cause, contact_id, command), response)


@router.post("/{contact_id}/archive")
async def archive_contact(
    caller: Editor,
    pool: Database,
    contact_id: UUID,
    body: ArchiveIn,
    if_match: IfMatch,
    response: Response,
) -> ContactOut:
    """Lists and searches leave the person out unless asked."""
    command = ArchivePerson(body.reason_code)
    changed = await handlers.change_person(pool, caller.cause, contact_id, command, if_match)
    return _out(changed, response)


@router.post("/{contact_id}/restore")
async def restore_contact(
    caller: Editor, pool: Database, contact_id: UUID, if_match: IfMatch, response: Response
) -> ContactOut:
    command = RestorePerson()
    changed = await handlers.change_person(pool, caller.cause, contact_id, command, if_match)
    return _out(changed, response)


def _out(person: Person, response: Response | None = None) -> ContactOut:
    if response is not None:
        tag_version(response, person.version)
    return ContactOut(**dict(person.state), version=person.version)
