"""Duplicate cases as a section of the projection."""

from customer_360.duplicates.fold import Duplicate, fold
from customer_360.duplicates.store import DUPLICATES
from customer_360.projecting import Reach, Section


def _reach(reach: Reach, case: Duplicate) -> None:
    """A case concerns both of its records; where they are people, the customers of both."""
    concerned = reach.customer_ids if case.entity_type == "customer" else reach.contact_ids
    concerned.update(case.candidate_ids)


SECTION = Section(DUPLICATES, fold, _reach)
