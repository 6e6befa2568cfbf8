"""What campaigns re-points in a merge: memberships in static segments, and mail that waits.

Memberships in dynamic ones follow from their rules. What was sent and answered stays with the id
that it was sent to. What waits for the merged person ends, and the one who stays has it, once: the
undoing does not take that back.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from shared.cause import Cause
from shared.contracts.values import Party
from shared.db import Connection
from shared.merges import MergePart, Move, Repointing, find_moves

from campaigns.merges.store import FIND
from campaigns.messages.handlers import pass_on
from campaigns.segments.handlers import move_members


async def find(
    connection: Connection, party: Party, current: Mapping[UUID, UUID], limit: int
) -> Sequence[Move]:
    return await find_moves(connection, FIND[party], current, limit)


async def carry(connection: Connection, cause: Cause, party: Party, moves: Sequence[Move]) -> None:
    del party
    memberships = {
        move.thing_id: (move.from_id, move.to_id) for move in moves if move.kind == "member"
    }
    heirs = {move.thing_id: move.to_id for move in moves if move.kind == "message"}
    await move_members(connection, cause, memberships)
    if heirs:
        await pass_on(connection, cause, heirs)


async def recheck(connection: Connection, part: MergePart) -> None:
    """Nothing: a list has no rule, and the gate counts by every id of a person."""
    del connection, part


REPOINTING = Repointing(find, carry, recheck)
