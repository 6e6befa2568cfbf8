"""What service-desk re-points in a merge: tickets with their clocks, and surveys.

Whatever became of them. The clocks go with their ticket and a survey has no fact of its own for it:
both name the one that stays in whatever they say from then on. What is known of a customer's grade
stays under the id that it came with.
"""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from shared.aliases import current_ids
from shared.cause import Cause
from shared.contracts.values import Party
from shared.db import Connection
from shared.merges import MergePart, Move, Repointing, find_moves
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from service_desk.clocks.store import repoint_clocks
from service_desk.merges.domain import told_twice
from service_desk.merges.store import FIND, lock_open_tickets, lock_parted_tickets
from service_desk.surveys.store import repoint_surveys
from service_desk.tickets import store as tickets
from service_desk.tickets.domain import (
    Ticket,
    TicketEvent,
    cleared,
    evolve,
    repointed,
    snapshot,
    suspected,
)


async def find(
    connection: Connection, party: Party, current: Mapping[UUID, UUID], limit: int
) -> Sequence[Move]:
    return await find_moves(connection, FIND[party], current, limit)


async def carry(connection: Connection, cause: Cause, party: Party, moves: Sequence[Move]) -> None:
    of_tickets = {move.thing_id: move for move in moves if move.kind == "ticket"}
    of_surveys = {move.thing_id: move for move in moves if move.kind == "survey"}
    await _carry_tickets(connection, cause, party, of_tickets)
    ends = [(survey_id, move.from_id, move.to_id) for survey_id, move in of_surveys.items()]
    await repoint_surveys(connection, party, ends)


async def recheck(connection: Connection, part: MergePart) -> None:
    """Of what one customer or person needs twice now, the later ticket hints at the earlier.

    The undoing takes back the hints that it makes false. A ticket keeps the service level that it
    was opened under.
    """
    current = await current_ids(connection, [part.survivor_id, *part.merged_ids])
    ids = set(current.values())
    if part.status in {"moving", "moved"}:
        changes = await _repetitions(connection, part, ids)
    else:
        parted = await lock_parted_tickets(connection, part.party, ids)
        locked = await tickets.lock_tickets(connection, parted)
        changes = [(ticket, event) for ticket in locked for event in cleared(ticket)]
    after = [(ticket, event, evolve(ticket, event, part.cause.at)) for ticket, event in changes]
    await tickets.save_duplicates(connection, [(before, now) for before, _, now in after])
    await _tell(connection, part.cause, after)


async def _repetitions(
    connection: Connection, part: MergePart, ids: Collection[UUID]
) -> list[tuple[Ticket, TicketEvent]]:
    found = await lock_open_tickets(connection, part.party, ids)
    of_each: dict[UUID | None, list[Ticket]] = {}
    for ticket in await tickets.lock_tickets(connection, found):
        named = ticket.customer_id if part.party == "customer" else ticket.contact_id
        of_each.setdefault(named, []).append(ticket)
    return [
        (ticket, event)
        for needed in of_each.values()
        for ticket, other_id in told_twice(needed)
        for event in suspected(ticket, other_id)
    ]


async def _carry_tickets(
    connection: Connection, cause: Cause, party: Party, moves: Mapping[UUID, Move]
) -> None:
    locked = await tickets.lock_tickets(connection, list(moves)) if moves else []
    after = [
        (ticket, event, evolve(ticket, event, cause.at))
        for ticket in locked
        for event in repointed(ticket, party, *_ends(moves[ticket.ticket_id]))
    ]
    await tickets.save_parties(connection, [(before, now) for before, _, now in after])
    if party == "customer":
        customers = {now.ticket_id: now.customer_id for _, _, now in after}
        await repoint_clocks(connection, customers)
    await _tell(connection, cause, after)


async def _tell(
    connection: Connection, cause: Cause, after: Sequence[tuple[Ticket, TicketEvent, Ticket]]
) -> None:
    told = [Fact(said, now.version) for _, event, now in after for said in (event, snapshot(now))]
    await outbox.append(connection, cause, told)


def _ends(move: Move) -> tuple[UUID, UUID]:
    return move.from_id, move.to_id


REPOINTING = Repointing(find, carry, recheck)
