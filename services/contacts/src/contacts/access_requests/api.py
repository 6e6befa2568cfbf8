"""Access requests over HTTP; who takes them down may not read what they bring to light."""

import json
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Response
from shared.access_requests import Discloser
from shared.http.refusing import refuses
from shared.http.requests import Database, NewId

from contacts.access_requests import handlers, store
from contacts.access_requests.domain import (
    AccessIsAskedForError,
    BundleNotFoundError,
    PersonIsBeingErasedError,
)
from contacts.access_requests.page import page_of
from contacts.people.domain import ContactNotFoundError
from contacts.privacy.api import Officer, PersonNamedIn, RequestOut, out
from contacts.privacy.domain import (
    IdentityIsNotVerifiedError,
    KindForbidsError,
    PrivacyRequestExistsError,
    PrivacyRequestIsOverError,
    PrivacyRequestNotFoundError,
)
from contacts.privacy.handlers import Asked
from contacts.requests import Rules

router = APIRouter(prefix="/v1/privacy", tags=["privacy"])
logger = structlog.stdlib.get_logger()

_SAFE = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
Format = Annotated[
    Literal["json", "html"], Query(alias="format", description="`html` is for people.")
]


@router.post(
    "/exports",
    status_code=201,
    responses=refuses(ContactNotFoundError, PrivacyRequestExistsError, AccessIsAskedForError),
)
async def request_export(
    caller: Officer, pool: Database, request_id: NewId, body: PersonNamedIn
) -> RequestOut:
    """Take down that the person wants to know what is held; verify the identity, then start it."""
    asked = Asked(request_id, "export", body.contact_id, None, caller.subject)
    return out(await handlers.request_export(pool, caller.cause, asked))


@router.post(
    "/exports/{request_id}/start",
    responses=refuses(
        PrivacyRequestNotFoundError,
        IdentityIsNotVerifiedError,
        PersonIsBeingErasedError,
        PrivacyRequestIsOverError,
        KindForbidsError,
    ),
)
async def begin_export(
    caller: Officer, pool: Database, rules: Rules, request_id: UUID
) -> RequestOut:
    """Ask every service what it holds; the bundle is there when the request is completed."""
    return out(await handlers.begin_export(pool, caller.cause, request_id, rules))


@router.get(
    "/requests/{request_id}/bundle", response_class=Response, responses=refuses(BundleNotFoundError)
)
async def read_bundle(
    caller: Discloser, pool: Database, request_id: UUID, wanted: Format = "json"
) -> Response:
    """One file of all that every service holds of the person, until it expires."""
    document = await store.load_bundle(pool, request_id, datetime.now(UTC))
    logger.info("bundle_downloaded", request_id=str(request_id), by=caller.subject, format=wanted)
    name = f'attachment; filename="access-request-{request_id}.{wanted}"'
    headers = {**_SAFE, "Content-Disposition": name}
    if wanted == "json":
        return Response(document, media_type="application/json", headers=headers)
    page = page_of(json.loads(document))
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)
