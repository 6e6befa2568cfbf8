"""Relationships as a section of the projection."""

from customer_360.projecting import Reach, Section
from customer_360.relationships.fold import Relationship, fold
from customer_360.relationships.store import RELATIONSHIPS


def _reach(reach: Reach, relationship: Relationship) -> None:
    for party_id, party_type in (
        (relationship.from_id, relationship.from_type),
        (relationship.to_id, relationship.to_type),
    ):
        if party_type == "customer":
            reach.add(party_id)
        else:
            reach.add(None, party_id)


SECTION = Section(RELATIONSHIPS, fold, _reach)
