"""Partners as a section of the projection."""

from customer_360.partners.fold import Partner, fold
from customer_360.partners.store import PARTNERS
from customer_360.projecting import Reach, Section


def _reach(reach: Reach, partner: Partner) -> None:
    reach.add(partner.customer_id)


SECTION = Section(PARTNERS, fold, _reach)
