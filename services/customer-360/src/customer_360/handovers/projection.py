"""Handovers as sections of the projection."""

from customer_360.handovers.fold import Handover, Ownership, handover_fold, ownership_fold
from customer_360.handovers.store import HANDOVERS, OWNERSHIPS
from customer_360.projecting import Reach, Section


def _nobody(reach: Reach, handover: Handover) -> None:
    del reach, handover


def _reach_of_ownership(reach: Reach, ownership: Ownership) -> None:
    reach.add(ownership.customer_id)


HANDOVER_SECTION = Section(HANDOVERS, handover_fold, _nobody)
OWNERSHIP_SECTION = Section(OWNERSHIPS, ownership_fold, _reach_of_ownership)
