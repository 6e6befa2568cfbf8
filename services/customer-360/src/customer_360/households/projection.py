"""Households as a section of the projection."""

from customer_360.households.fold import Household, fold
from customer_360.households.store import HOUSEHOLDS
from customer_360.projecting import Reach, Section


def _reach(reach: Reach, household: Household) -> None:
    reach.contact_ids.update(household.member_contact_ids)


SECTION = Section(HOUSEHOLDS, fold, _reach)
