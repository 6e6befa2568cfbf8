"""The brief of a handover over HTTP."""

from collections import defaultdict
from uuid import UUID

import structlog
from fastapi import APIRouter
from shared.auth import Reader
from shared.db import Connection
from shared.errors import NotFoundError
from shared.http.requests import Cursor, Database, Limit, Page, page_of, read_cursor

from customer_360.briefs.brief import CustomerBrief, brief_of
from customer_360.handovers.fold import Handover
from customer_360.handovers.store import find_handover, list_customers
from customer_360.interactions.fold import Interaction
from customer_360.interactions.store import list_newest as list_interactions
from customer_360.people.fold import Contact
from customer_360.people.store import list_people_of
from customer_360.profiles.handed_over import HandoverShown
from customer_360.profiles.loading import hold_projection, load_bases
from customer_360.timeline.store import StoredItem, list_newest

router = APIRouter(prefix="/v1/handovers", tags=["handovers"])
logger = structlog.stdlib.get_logger()

LAST_EVENTS = 10
LAST_INTERACTIONS = 10
_FIRST = UUID(int=0)


class HandoverNotFoundError(NotFoundError):
    """No fact has named this handover yet."""


class Brief(Page[CustomerBrief]):
    """The handover, and the customers that it concerns: a page of them, by id."""

    handover: HandoverShown


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
        await hold_projection(connection)
        handover = await find_handover(connection, handover_id)
        if handover is None:
            raise HandoverNotFoundError(handover_id=handover_id)
        briefs = await _briefs(connection, handover, after[0] if after else _FIRST, limit + 1)
    logger.info("personal_data_read", subject=caller.subject, handover_id=str(handover_id))
    page = page_of(briefs, limit, lambda brief: [brief.customer_id])
    shown = HandoverShown.model_validate(handover)
    return Brief(items=page.items, next=page.next, handover=shown)


async def _briefs(
    connection: Connection, handover: Handover, after: UUID, limit: int
) -> list[CustomerBrief]:
    """A constant number of statements, however many customers."""
    customer_ids = await list_customers(connection, handover, after, limit)
    bases = await load_bases(connection, customer_ids)
    people: defaultdict[UUID, list[Contact]] = defaultdict(list)
    for contact in await list_people_of(connection, customer_ids):
        for customer_id in contact.customer_ids:
            people[customer_id].append(contact)
    events: defaultdict[UUID, list[StoredItem]] = defaultdict(list)
    for item in await list_newest(connection, customer_ids, LAST_EVENTS):
        events[item.party_id].append(item)
    touches: defaultdict[UUID | None, list[Interaction]] = defaultdict(list)
    for touch in await list_interactions(connection, customer_ids, LAST_INTERACTIONS):
        touches[touch.customer_id].append(touch)
    return [brief_of(bases[one], people[one], events[one], touches[one]) for one in customer_ids]
