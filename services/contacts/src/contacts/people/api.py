"""People over HTTP; the outside calls them contacts."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from shared.aliases import current_id
from shared.auth import Caller, Reader, allow
from shared.contact_points import EmailInvalidError, PhoneInvalidError
from shared.contracts.contacts import (
    ArchivedFor,
    ContactState,
    KeyDate,
    KeyDateKind,
    RecordStatus,
    UnlinkedFor,
)
from shared.http.moved import moved_to
from shared.http.refusing import refuses
from shared.http.requests import (
    Code,
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

from contacts.customers.domain import CustomerNotFoundError
from contacts.duplicates.domain import ProbableDuplicateError
from contacts.identities import store as identities_store
from contacts.identities.domain import Link, LinkIdentity
from contacts.inputs import ContactIn, KeyDateIn, Language, PersonIn
from contacts.key_dates import SetKeyDate
from contacts.people import handlers, lists, store
from contacts.people.creation import ContactIdIsTakenError
from contacts.people.domain import Person
from contacts.people.memberships import (
    EndMembership,
    Part,
    SetMembership,
)
from contacts.people.profile import UpdatePerson
from contacts.people.status import ArchivePerson, RestorePerson
from contacts.points import PointRules
from contacts.requests import AsIs, ForceReason, Rules, Since

router = APIRouter(prefix="/v1/contacts", tags=["contacts"])
Editor = Annotated[Caller, Depends(allow("sales", "service", "marketing", "integration"))]


class ContactOut(ContactState):
    """A person and the version of what you see."""

    version: int


class ContactRead(ContactOut):
    """The person, and the household that they live in."""

    household_id: UUID | None


class PartIn(BaseModel):
    """The person's role in the customer."""

    role: Text | None = None
    is_primary: bool = False


class ArchiveIn(BaseModel):
    """Why the record is put away."""

    reason_code: ArchivedFor


class IdentityIn(BaseModel):
    """An outside identifier of the person, and the system or program that gave it out."""

    identifier_type: Literal["visitor_id", "device_id", "loyalty_no", "external_id"]
    identifier: Text
    source: Code
    customer_id: UUID | None = None
    confidence: Annotated[float, Field(gt=0, le=1)] = 1.0


class UnlinkIn(BaseModel):
    """Why the identifier is not this person's."""

    reason_code: UnlinkedFor


class IdentityOut(BaseModel):
    """An identifier by its hash, whose it is, and for whom else it was claimed.

    It was first seen with the person when it was linked; seen again within an hour is not noted.
    """

    link_id: UUID
    contact_id: UUID
    customer_id: UUID | None
    identifier_type: str
    identifier_hash: str
    source: str
    confidence: float
    is_active: bool
    claimed_for: tuple[UUID, ...]
    first_seen_at: datetime
    last_seen_at: datetime


@router.post(
    "",
    status_code=201,
    responses=refuses(
        CustomerNotFoundError,
        ContactIdIsTakenError,
        ProbableDuplicateError,
        EmailInvalidError,
        PhoneInvalidError,
    ),
)
async def create_contact(  # noqa: PLR0913, PLR0917 -- what a creating request has
    caller: Editor,
    pool: Database,
    rules: Rules,
    contact_id: NewId,
    body: ContactIn,
    response: Response,
    force_reason: ForceReason = None,
) -> ContactOut:
    """Create a person. One who is surely known is refused (409, with the candidates)."""
    command = await handlers.creation_of(pool, rules, contact_id, body, caller.cause.at)
    created = await handlers.create_person(pool, caller.cause, command, force_reason)
    return out(created, response)


@router.get(
    "/{contact_id}",
    response_model=ContactRead,
    responses={308: {"description": "It was merged; Location is where it is now."}},
)
async def read_contact(
    caller: Reader, pool: Database, contact_id: UUID, response: Response, *, as_is: AsIs = False
) -> ContactRead | JSONResponse:
    """One that was merged is where the other is, for ever; `as_is` shows the merged one itself."""
    del caller
    async with pool.acquire() as connection:
        person = await store.load_person(connection, contact_id)
        if person.state.record_status == "merged" and not as_is:
            return moved_to("/v1/contacts", await current_id(connection, contact_id))
        household_id = await store.find_household(connection, contact_id)
    return ContactRead(**dict(out(person, response)), household_id=household_id)


_Name: TypeAlias = Annotated[
    Text | None,
    Query(
        description="The family name begins so, or the given name of who has no other; in small"
        " letters or capitals."
    ),
]
_OwnerId: TypeAlias = Annotated[
    Code | None, Query(description="Who answers for a customer that the person belongs to.")
]


async def wanted_people(  # noqa: PLR0913, PLR0917 -- one parameter per filter
    rules: Rules,
    email: Annotated[Text | None, Query()] = None,
    phone: Annotated[Text | None, Query()] = None,
    customer_id: UUID | None = None,
    owner_id: _OwnerId = None,
    name: _Name = None,
    language: Annotated[Language | None, Query()] = None,
    created_since: Since = None,
    changed_since: Since = None,
    record_status: RecordStatus = "active",
) -> lists.Wanted:
    """The filters of a list and of an export; with e-mail and phone, people with either."""
    return lists.Wanted(
        record_status,
        normalized=_normalized(rules, email, phone),
        customer_id=customer_id,
        owner_id=owner_id,
        name=name,
        language=language,
        created_since=created_since,
        changed_since=changed_since,
    )


WantedPeople: TypeAlias = Annotated[lists.Wanted, Depends(wanted_people)]


@router.get("")
async def list_contacts(
    caller: Reader,
    pool: Database,
    wanted: WantedPeople,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ContactOut]:
    """An address that is none finds nobody. With both, people with either are found."""
    del caller
    after = read_cursor(cursor, UUID)
    async with pool.acquire() as connection:
        found = await lists.list_people(connection, wanted, after[0] if after else None, limit + 1)
    return page_of([out(each) for each in found], limit, lambda item: [item.contact_id])


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
    """Change the fields that are named; addresses and memberships have commands of their own.

    One fact `contact.updated` names the fields that changed, never their values.
    """
    command = UpdatePerson(body.given())
    changed = await handlers.change_person(pool, caller.cause, contact_id, command, if_match)
    return out(changed, response)


@router.put("/{contact_id}/key-dates/{kind}")
async def set_key_date(
    caller: Editor,
    pool: Database,
    contact_id: UUID,
    kind: KeyDateKind,
    body: KeyDateIn,
    response: Response,
) -> ContactOut:
    """A birthday, an anniversary: one of each kind."""
    command = SetKeyDate(KeyDate(kind=kind, month_day=body.month_day, year=body.year))
    return out(await handlers.change_person(pool, caller.cause, contact_id, command), response)


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
    """The person belongs to the customer from now on, or has another role in it.

    One customer is primary at most: the former one is so no longer. Each change is a fact
    `contact.membership-changed`; what is so already publishes nothing.
    """
    command = SetMembership(Part(customer_id, body.role, body.is_primary), caller.cause.at)
    changed = await handlers.change_person(pool, caller.cause, contact_id, command, if_match)
    return out(changed, response)


@router.post("/{contact_id}/memberships/{customer_id}/end")
async def end_membership(
    caller: Editor, pool: Database, contact_id: UUID, customer_id: UUID, response: Response
) -> ContactOut:
    """The person belongs to the customer no longer; the part is kept with its end.

    A repeat publishes nothing; who never belonged to it is refused (404).
    """
    command = EndMembership(customer_id, caller.cause.at)
    return out(await handlers.change_person(pool, caller.cause, contact_id, command), response)


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
    return out(changed, response)


@router.post("/{contact_id}/restore")
async def restore_contact(
    caller: Editor, pool: Database, contact_id: UUID, if_match: IfMatch, response: Response
) -> ContactOut:
    """Take an archived record into use again; one in use stays as it is, and quietly."""
    command = RestorePerson()
    changed = await handlers.change_person(pool, caller.cause, contact_id, command, if_match)
    return out(changed, response)


@router.get("/{contact_id}/identities")
async def list_identities(caller: Reader, pool: Database, contact_id: UUID) -> list[IdentityOut]:
    """The outside identifiers that belong to the person now."""
    del caller
    async with pool.acquire() as connection:
        await store.load_person(connection, contact_id)
        current = await current_id(connection, contact_id)
        return [_identity(link) for link in await identities_store.list_links(connection, current)]


@router.post("/{contact_id}/identities")
async def link_identity(
    caller: Editor, pool: Database, rules: Rules, contact_id: UUID, body: IdentityIn
) -> IdentityOut:
    """Say that an outside identifier belongs to the person; it is kept as a keyed hash.

    One that a person alone can have, and that is another's, stays with the other: the answer names
    whose it is, and the conflict becomes a fact.
    """
    hashed = rules.identifier(body.identifier_type, body.identifier)
    command = LinkIdentity(
        body.identifier_type, hashed, contact_id, body.customer_id, body.source, body.confidence
    )
    return _identity(await handlers.link_identity(pool, caller.cause, contact_id, command))


@router.post("/{contact_id}/identities/{link_id}/unlink")
async def unlink_identity(
    caller: Editor, pool: Database, contact_id: UUID, link_id: UUID, body: UnlinkIn
) -> IdentityOut:
    """Say that an identifier is not this person's: `identity.unlinked`; a repeat is quiet."""
    unlinked = await handlers.unlink_identity(
        pool, caller.cause, contact_id, link_id, body.reason_code
    )
    return _identity(unlinked)


def _identity(link: Link) -> IdentityOut:
    return IdentityOut(
        **link.linked.model_dump(exclude={"identifier"}),
        identifier_hash=link.linked.identifier,
        is_active=link.is_active,
        claimed_for=link.claimed_for,
        first_seen_at=link.first_seen_at,
        last_seen_at=link.last_seen_at,
    )


def out(person: Person, response: Response | None = None) -> ContactOut:
    """A person as callers see them."""
    if response is not None:
        tag_version(response, person.version)
    return ContactOut(**dict(person.state), version=person.version)
