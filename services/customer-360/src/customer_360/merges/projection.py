"""Merges as sections of the projection: of customers and of people, in one table."""

from customer_360.merges.fold import Merge, contact_merge_fold, customer_merge_fold
from customer_360.merges.store import MERGES
from customer_360.projecting import Reach, Section


def _reach(reach: Reach, merge: Merge) -> None:
    """The one that stays; the others' own snapshots tell of theirs."""
    concerned = reach.customer_ids if merge.party == "customer" else reach.contact_ids
    concerned.add(merge.survivor_id)


CUSTOMER_SECTION = Section(MERGES, customer_merge_fold, _reach)
CONTACT_SECTION = Section(MERGES, contact_merge_fold, _reach)
