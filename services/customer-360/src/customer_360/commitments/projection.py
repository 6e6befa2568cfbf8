"""Commitments as a section of the projection."""

from customer_360.commitments.fold import Commitment, fold
from customer_360.commitments.store import COMMITMENTS
from customer_360.projecting import Reach, Section


def _reach(reach: Reach, commitment: Commitment) -> None:
    reach.add(commitment.customer_id)


SECTION = Section(COMMITMENTS, fold, _reach)
