"""What pipeline moves in a handover: open deals, and leads that are not closed."""

from collections.abc import Mapping

from shared.contracts.pipeline import DealOwnerChanged, LeadAssigned
from shared.db import Connection
from shared.handovers import HandoverPart

from pipeline.deals import store as deals
from pipeline.deals.commands import ChangeDealOwner
from pipeline.deals.decisions import decide as decide_deal
from pipeline.leads import store as leads
from pipeline.leads.commands import AssignLead
from pipeline.leads.decisions import decide as decide_lead

REASON = "handover"


async def move(connection: Connection, part: HandoverPart, limit: int) -> Mapping[str, int]:
    """Give the next few to the new owner; what is won, lost or closed keeps its own."""
    return {
        "deals": await _move_deals(connection, part, limit),
        "leads": await _move_leads(connection, part, limit),
    }


async def _move_deals(connection: Connection, part: HandoverPart, limit: int) -> int:
    command = ChangeDealOwner(part.to_owner_id, REASON, part.handover_id)
    changes = [
        (deal, event)
        for deal in await deals.lock_open_deals_of_owner(connection, part.from_owner_id, limit)
        for event in decide_deal(deal, command)
        if isinstance(event, DealOwnerChanged)
    ]
    await deals.record_owners(connection, part.cause, changes)
    return len(changes)


async def _move_leads(connection: Connection, part: HandoverPart, limit: int) -> int:
    command = AssignLead(part.to_owner_id, REASON, part.handover_id)
    changes = [
        (lead, event)
        for lead in await leads.lock_open_leads_of_owner(connection, part.from_owner_id, limit)
        for event in decide_lead(lead, command)
        if isinstance(event, LeadAssigned)
    ]
    await leads.record_owners(connection, part.cause, changes)
    return len(changes)
