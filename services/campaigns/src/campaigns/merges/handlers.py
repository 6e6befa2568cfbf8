"""What campaigns re-points in a merge: memberships in static segments.

Those in dynamic ones follow from their rules. What was sent and answered stays with the id that it
was sent to, and mail goes by the address, which the one who stays has.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from shared.cause import Cause
from shared.contracts.values import Party
from shared.db import Connection
from shared.merges import MergePart, Move, Repointing, find_moves

from campaigns.merges.store import FIND
from campaigns.segments.handlers import move_members


async def find(
    connection: Connection, party: Party, current: Mapping[UUID, UUID], limit: int
) -> Sequence[Move]:
    return await find_moves(connection, FIND[party], current, limit)


async def carry(connection: Connection, cause: Cause, party: Party, moves: Sequence[Move]) -> None:
    del party
    ends = {move.thing_id: (move.from_id, move.to_id) for move in moves}
    await move_members(connection, cause, ends)


async def recheck(connection: Connection, part: MergePart) -> None:
    """Nothing: a list has no rule."""
    del connection, part


REPOINTING = Repointing(find, carry, recheck)
