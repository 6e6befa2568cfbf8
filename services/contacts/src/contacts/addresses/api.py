"""Addresses of people over HTTP: they are added, verified, and found not to reach anybody."""

from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel
from shared.contracts.contacts import VerifiedBy
from shared.http.refusing import refuses
from shared.http.requests import Database

from contacts.inputs import PointIn, PostalIn
from contacts.people import addresses, handlers
from contacts.people.api import ContactOut, Editor, out
from contacts.people.domain import ContactNotFoundError
from contacts.people.points import InvalidatePoint, InvalidFor
from contacts.postal_points import AddPostalPoint
from contacts.records import NOT_IN_USE, RecordIsRestrictedError
from contacts.requests import Rules
from contacts.verified_points import (
    EmailIsAnothersError,
    MethodDoesNotFitError,
    PointIsInvalidError,
    PointNotFoundError,
    VerifyPoint,
)

router = APIRouter(prefix="/v1/contacts", tags=["contacts"])


class InvalidateIn(BaseModel):
    """Why the address does not reach the person."""

    reason_code: InvalidFor


class VerifyIn(BaseModel):
    """How it was shown that the address is the person's."""

    method: VerifiedBy


@router.post("/{contact_id}/points", status_code=201)
async def add_point(
    caller: Editor,
    pool: Database,
    rules: Rules,
    contact_id: UUID,
    body: PointIn,
    response: Response,
) -> ContactOut:
    """Add an address or a number; what is there already publishes nothing.

    A number without country code is read by the country of the person's customers. A primary one
    takes the place of the former of its type. One that did not work counts as working again.
    """
    changed = await handlers.add_point(pool, caller.cause, rules, contact_id, body)
    return out(changed, response)


@router.post("/{contact_id}/postal-points", status_code=201)
async def add_postal_point(
    caller: Editor,
    pool: Database,
    rules: Rules,
    contact_id: UUID,
    body: PostalIn,
    response: Response,
) -> ContactOut:
    """Add where the person is reached by post; what is there already publishes nothing."""
    command = AddPostalPoint(handlers.postal_point(rules, body))
    return out(await handlers.change_person(pool, caller.cause, contact_id, command), response)


@router.post("/{contact_id}/points/{point_id}/invalidate")
async def invalidate_point(  # noqa: PLR0913, PLR0917
    caller: Editor,
    pool: Database,
    rules: Rules,
    contact_id: UUID,
    point_id: UUID,
    body: InvalidateIn,
    response: Response,
) -> ContactOut:
    """Say that an address does not reach the person: `contact.point-invalidated`.

    It is no longer primary or verified, and counts again when it is added anew.
    """
    command = InvalidatePoint(point_id, body.reason_code)
    changed = await addresses.invalidate_point(pool, caller.cause, rules, contact_id, command)
    return out(changed, response)


@router.post(
    "/{contact_id}/points/{point_id}/verify",
    responses=refuses(
        ContactNotFoundError,
        PointNotFoundError,
        *NOT_IN_USE,
        RecordIsRestrictedError,
        PointIsInvalidError,
        EmailIsAnothersError,
        MethodDoesNotFitError,
    ),
)
async def verify_point(  # noqa: PLR0913, PLR0917
    caller: Editor,
    pool: Database,
    rules: Rules,
    contact_id: UUID,
    point_id: UUID,
    body: VerifyIn,
    response: Response,
) -> ContactOut:
    """Say that an address is surely the person's.

    An e-mail address is so of one person alone: of a second one it is refused (409), the answer
    names whose it is, and the conflict becomes a fact.
    """
    command = VerifyPoint(point_id, body.method, caller.cause.at)
    changed = await addresses.verify_point(pool, caller.cause, rules, contact_id, command)
    return out(changed, response)
