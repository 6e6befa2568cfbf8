"""Deals as a section of the projection."""

from customer_360.deals.fold import Deal, fold
from customer_360.deals.store import DEALS
from customer_360.projecting import Reach, Section


def _reach(reach: Reach, deal: Deal) -> None:
    reach.add(deal.customer_id)


SECTION = Section(DEALS, fold, _reach)
