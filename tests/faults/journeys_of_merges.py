"""Journeys of merges: parties of whom others speak at the same time become one, and two again.

Parties that met as different have different numbers in the ERP, so each merge says why it is one
all the same. Another traveller may be first: then it is refused with where the record is now. Two
that are partners in one program are refused, too: a person has to end one of them first.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from shared.contracts import contacts as k

from tests.faults import journeys_of_customers as customers
from tests.faults import journeys_of_sales as sales
from tests.faults import journeys_of_service as service
from tests.faults.client import MERGED
from tests.faults.travelling import Traveller, merge_of
from tests.faults.world import Merge, Party, pick

MERGE = {
    "customers": merge_of(k.CUSTOMER_EVENTS, k.CustomerMerged),
    "people": merge_of(k.CONTACT_EVENTS, k.ContactMerged),
}
UNDO = {
    "customers": merge_of(k.CUSTOMER_EVENTS, k.CustomerUnmerged),
    "people": merge_of(k.CONTACT_EVENTS, k.ContactUnmerged),
}
NOT_THE_LAST = "merge-is-not-last"
BOTH_SELL_FOR_US = "partners-in-one-program"

IdOf = Callable[[Party], str | None]


async def merge_customers(t: Traveller) -> None:
    """Two customers are one while both are spoken of; later one is changed by its old id."""
    pair = _two(t, lambda party: party.customer_id)
    if pair is None:
        return
    survivor, merged = pair
    meanwhile = (sales.sell(t, merged), customers.edit(t, survivor), service.complain(t, merged))
    ids = survivor.customer_id, merged.customer_id
    await asyncio.gather(_merge(t, "customers", *ids), meanwhile[0], meanwhile[1], meanwhile[2])
    await customers.edit(t, merged)


async def merge_people(t: Traveller) -> None:
    """Two people are one, while both change their minds."""
    pair = _two(t, lambda party: party.contact_id)
    if pair is None:
        return
    survivor, merged = pair
    await asyncio.gather(
        _merge(t, "people", str(survivor.contact_id), str(merged.contact_id)),
        customers.change_mind(t, survivor),
        customers.change_mind(t, merged),
    )


async def part_again(t: Traveller, merge: Merge | None = None) -> None:
    """Undo a merge; what has gone on to another by now has to be undone there first."""
    merge = merge or pick(t.dice, t.world.merges)
    if merge is None:
        return
    t.world.merges.remove(merge)
    answer = await t.client.decide(
        f"part-{merge.sort}",
        f"contacts/v1/merges/{merge.merge_id}/undo",
        {"reason_code": "load"},
        promises=UNDO[merge.sort],
        refusals={MERGED, NOT_THE_LAST},
    )
    if answer:
        t.world.note_undoing(merge)
    else:
        t.world.merges.insert(0, merge)


async def _merge(t: Traveller, sort: str, survivor_id: str, merged_id: str) -> None:
    body: dict[str, Any] = {"survivor_id": survivor_id, "merged_ids": [merged_id]}
    answer = await t.client.decide(
        f"merge-{sort}",
        f"contacts/v1/merges/{sort}",
        {**body, "reason_code": "duplicate", "force_reason": "load"},
        promises=MERGE[sort],
        refusals={MERGED, BOTH_SELL_FOR_US},
    )
    if answer:
        t.world.note_merge(Merge(answer["merge_id"], sort, survivor_id, merged_id))


def _two(t: Traveller, id_of: IdOf) -> tuple[Party, Party] | None:
    """Who stays and who goes, as far as it is known here; who stayed before may go on now."""
    stayed = {merge.survivor_id for merge in t.world.merges[-20:]}
    there = [p for p in t.world.parties if (id_ := id_of(p)) and t.world.now(id_) == id_]
    chained = [party for party in there if id_of(party) in stayed]
    merged = pick(t.dice, chained if chained and t.dice.random() < 0.4 else there)
    if merged is None:
        return None
    others = [p for p in there if id_of(p) != id_of(merged) and p.kind == merged.kind]
    survivor = pick(t.dice, others)
    return (survivor, merged) if survivor else None
