"""The history of a customer and of its people, passed on from contacts."""

from uuid import UUID

import structlog
from fastapi import APIRouter, Request, Response
from shared.auth import Reader
from shared.http.requests import Cursor, Limit

from customer_360.histories.asking import Contacts

router = APIRouter(prefix="/v1", tags=["histories"])
logger = structlog.stdlib.get_logger()


@router.get("/customers/{customer_id}/history")
async def read_history_of_customer(
    caller: Reader, request: Request, customer_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """Who changed what, from what to what, newest first: contacts' own answer, and its refusals.

    What was recorded under the id of a merged record stands under that id.
    """
    logger.info("personal_data_read", subject=caller.subject, customer_id=str(customer_id))
    return await _ask(request, f"/v1/customers/{customer_id}/history", cursor, limit)


@router.get("/contacts/{contact_id}/history")
async def read_history_of_person(
    caller: Reader, request: Request, contact_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """The same of a person, and of each of their consents."""
    logger.info("personal_data_read", subject=caller.subject, contact_id=str(contact_id))
    return await _ask(request, f"/v1/contacts/{contact_id}/history", cursor, limit)


async def _ask(request: Request, path: str, cursor: str | None, limit: int) -> Response:
    contacts: Contacts = request.app.state.contacts
    params = {"limit": str(limit), **({"cursor": cursor} if cursor else {})}
    answer = await contacts.ask(path, params, request.headers["authorization"])
    media_type = answer.headers.get("content-type")
    return Response(answer.content, answer.status_code, media_type=media_type)
