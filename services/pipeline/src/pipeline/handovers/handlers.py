"""What pipeline moves in a handover: open deals, leads not closed, and what is still owed."""

from collections.abc import Mapping

from shared.contracts.pipeline import DealOwnerChanged, LeadAssigned
from shared.db import Connection
from shared.handovers import HandoverPart

from pipeline.commitments import store as commitments
from pipeline.commitments.commands import ChangeCommitmentOwner
from pipeline.commitments.decisions import decide as decide_commitment
from pipeline.deals import store as deals
from pipeline.deals.commands import ChangeDealOwner
from pipeline.deals.decisions import decide as decide_deal
from pipeline.leads import store as leads
from pipeline.leads.commands import AssignLead
from pipeline.leads.decisions import decide as decide_lead

REASON = "handover"


async def move(connection: Connection, part: HandoverPart, limit: int) -> Mapping[str, int]:
    """Give the next few to the new owner; what is won, lost, closed or kept keeps its own."""
    return {
        "deals": await _move_deals(connection, part, limit),
        "leads": await _move_leads(connection, part, limit),
        "commitments": await _move_commitments(connection, part, limit),
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


async def _move_commitments(connection: Connection, part: HandoverPart, limit: int) -> int:
    command = ChangeCommitmentOwner(part.to_owner_id, REASON, part.handover_id)
    owed = await commitments.lock_owed_by(connection, part.from_owner_id, limit)
    changes = [(each, decide_commitment(each, command)) for each in owed]
    await commitments.record(connection, part.cause, changes)
    return sum(bool(events) for _, events in changes)
