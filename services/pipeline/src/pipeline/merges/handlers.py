"""What pipeline re-points in a merge: deals, leads, orders and promises, whatever became of them.

What it keeps of tickets and of the ERP's names for customers stays under the id that it came with,
and is led on whenever it is looked up.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from shared.aliases import current_ids
from shared.cause import Cause
from shared.contracts.pipeline import DealRepointed, LeadRepointed
from shared.contracts.values import Party
from shared.db import Connection
from shared.merges import MergePart, Move, Repointing, find_moves

from pipeline.commitments import store as commitments
from pipeline.commitments.commands import RepointCommitment
from pipeline.commitments.decisions import decide as decide_commitment
from pipeline.customers.store import lock_customers
from pipeline.deals import store as deals
from pipeline.deals.commands import RepointDeal
from pipeline.deals.decisions import decide as decide_deal
from pipeline.deals.handlers import recheck_tickets
from pipeline.leads import store as leads
from pipeline.leads.commands import RepointLead
from pipeline.leads.decisions import decide as decide_lead
from pipeline.leads.handlers import end_duplicates, follow_grades
from pipeline.merges.store import FIND
from pipeline.orders import store as orders
from pipeline.orders.domain import repointed


async def find(
    connection: Connection, party: Party, current: Mapping[UUID, UUID], limit: int
) -> Sequence[Move]:
    """The customers' locks come first, as with everybody who goes on to their deals."""
    if party == "customer":
        await lock_customers(connection, {*current, *current.values()})
    return await find_moves(connection, FIND[party], current, limit)


async def carry(connection: Connection, cause: Cause, party: Party, moves: Sequence[Move]) -> None:
    of_kind = {
        kind: {move.thing_id: move for move in moves if move.kind == kind}
        for kind in ("deal", "lead", "order", "commitment")
    }
    await _carry_deals(connection, cause, party, of_kind["deal"])
    await _carry_leads(connection, cause, party, of_kind["lead"])
    await _carry_orders(connection, cause, of_kind["order"])
    await _carry_commitments(connection, cause, party, of_kind["commitment"])


def repointing(default_owner: str | None) -> Repointing:
    """`default_owner` gets a lead that becomes a good one."""

    async def recheck(connection: Connection, part: MergePart) -> None:
        """Of one customer the tickets endanger the deals of all that it is now, and of no other.

        Its grade says how soon its leads are answered.
        Of one person no two open leads ask for the same. What was ended for it does not come back.
        """
        current = await current_ids(connection, [part.survivor_id, *part.merged_ids])
        if part.party == "customer":
            await recheck_tickets(connection, part.cause, set(current.values()))
            await follow_grades(connection, dict.fromkeys(current.values(), part.cause))
        elif part.status in {"moving", "moved"}:
            people = set(current.values())
            await end_duplicates(connection, part.cause, people, default_owner)

    return Repointing(find, carry, recheck)


async def _carry_deals(
    connection: Connection, cause: Cause, party: Party, moves: Mapping[UUID, Move]
) -> None:
    locked = await deals.lock_deals(connection, list(moves)) if moves else []
    changes = [
        (deal, event)
        for deal in locked
        for event in decide_deal(deal, RepointDeal(party, *_ends(moves[deal.deal_id])))
        if isinstance(event, DealRepointed)
    ]
    await deals.record_repointed(connection, cause, changes)


async def _carry_leads(
    connection: Connection, cause: Cause, party: Party, moves: Mapping[UUID, Move]
) -> None:
    locked = await leads.lock_leads(connection, list(moves)) if moves else []
    changes = [
        (lead, event)
        for lead in locked
        for event in decide_lead(lead, RepointLead(party, *_ends(moves[lead.lead_id])))
        if isinstance(event, LeadRepointed)
    ]
    await leads.record_repointed(connection, cause, changes)


async def _carry_orders(connection: Connection, cause: Cause, moves: Mapping[UUID, Move]) -> None:
    locked = await orders.lock_orders(connection, moves) if moves else {}
    changes = [
        (order, event)
        for order in locked.values()
        for event in repointed(order, *_ends(moves[order.order_id]))
    ]
    await orders.record_repointed(connection, cause, changes)


async def _carry_commitments(
    connection: Connection, cause: Cause, party: Party, moves: Mapping[UUID, Move]
) -> None:
    locked = await commitments.lock_commitments(connection, list(moves)) if moves else []
    changes = [
        (each, decide_commitment(each, RepointCommitment(party, *_ends(moves[each.commitment_id]))))
        for each in locked
    ]
    await commitments.record(connection, cause, changes)


def _ends(move: Move) -> tuple[UUID, UUID]:
    return move.from_id, move.to_id
