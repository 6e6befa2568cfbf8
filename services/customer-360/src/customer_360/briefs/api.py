"""The brief of a handover over HTTP."""

from collections.abc import Sequence
from uuid import UUID

import structlog
from fastapi import APIRouter
from shared.auth import Reader
from shared.db import Connection
from shared.errors import NotFoundError
from shared.http.requests import Cursor, Database, Limit, Page, page_of, read_cursor

from customer_360.briefs.brief import CustomerBrief, LeadInBrief
from customer_360.briefs.loading import load_briefs, load_leads_of_nobody
from customer_360.handovers.fold import Handover
from customer_360.handovers.store import find_handover
from customer_360.profiles.handed_over import HandoverShown
from customer_360.profiles.loading import hold_projection

router = APIRouter(prefix="/v1/handovers", tags=["handovers"])
logger = structlog.stdlib.get_logger()

_FIRST = UUID(int=0)


class HandoverNotFoundError(NotFoundError):
    """No fact has named this handover yet."""


class Brief(Page[CustomerBrief]):
    """The handover, and the customers that it concerns: a page of them, by id.

    `leads` are those of nobody whom we know as a customer: the first page, whichever page of
    customers this is; the others are at `/brief/leads`.
    """

    handover: HandoverShown
    leads: Page[LeadInBrief]


@router.get("/{handover_id}/brief")
async def read_brief(
    caller: Reader, pool: Database, handover_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> Brief:
    """There from the start of the handover, whatever has been moved yet."""
    after = read_cursor(cursor, UUID)
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        handover = await _handover(connection, handover_id)
        briefs = await load_briefs(connection, handover, _place(after), limit + 1)
        leads = await load_leads_of_nobody(connection, handover, _FIRST, limit + 1)
    logger.info("personal_data_read", subject=caller.subject, handover_id=str(handover_id))
    page = page_of(briefs, limit, lambda brief: [brief.customer_id])
    shown = HandoverShown.model_validate(handover)
    return Brief(items=page.items, next=page.next, handover=shown, leads=_page(leads, limit))


@router.get("/{handover_id}/brief/leads")
async def read_leads(
    caller: Reader, pool: Database, handover_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> Page[LeadInBrief]:
    """The open leads that change hands and name no customer yet, by id."""
    after = read_cursor(cursor, UUID)
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        handover = await _handover(connection, handover_id)
        leads = await load_leads_of_nobody(connection, handover, _place(after), limit + 1)
    logger.info("personal_data_read", subject=caller.subject, handover_id=str(handover_id))
    return _page(leads, limit)


async def _handover(connection: Connection, handover_id: UUID) -> Handover:
    await hold_projection(connection)
    handover = await find_handover(connection, handover_id)
    if handover is None:
        raise HandoverNotFoundError(handover_id=handover_id)
    return handover


def _place(after: Sequence[UUID] | None) -> UUID:
    return after[0] if after else _FIRST


def _page(leads: Sequence[LeadInBrief], limit: int) -> Page[LeadInBrief]:
    return page_of(leads, limit, lambda lead: [lead.lead_id])
