"""What service-desk re-points in a merge: tickets with their clocks, and surveys.

Whatever became of them. The clocks go with their ticket and a survey has no fact of its own for it:
both name the one that stays in whatever they say from then on. What is known of a customer's grade
stays under the id that it came with.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from shared.cause import Cause
from shared.contracts.values import Party
from shared.db import Connection
from shared.merges import MergePart, Move, Repointing, find_moves
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from service_desk.clocks.store import repoint_clocks
from service_desk.merges.store import FIND
from service_desk.surveys.store import repoint_surveys
from service_desk.tickets import store as tickets
from service_desk.tickets.domain import evolve, repointed, snapshot


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
    """Nothing: the desk has no rule over all tickets of a customer.

    A ticket keeps the service level that it was opened under.
    """
    del connection, part


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
    told = [Fact(said, now.version) for _, event, now in after for said in (event, snapshot(now))]
    await outbox.append(connection, cause, told)


def _ends(move: Move) -> tuple[UUID, UUID]:
    return move.from_id, move.to_id


REPOINTING = Repointing(find, carry, recheck)
