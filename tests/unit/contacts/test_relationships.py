"""A relationship is established, ends, is refused, or stays as it is."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from contacts.relationships.domain import (
    CustomerHasParentError,
    EndRelationship,
    EstablishRelationship,
    GroupWouldBeACircleError,
    PartiesDoNotFitError,
    RelationshipIdIsTakenError,
    RelationshipIsThereError,
    RelationshipNotFoundError,
    RelationshipToSelfError,
    Surroundings,
    decide,
    evolve,
)
from shared.contracts.contacts import RelationshipEstablished

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
PARENT, CHILD, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)


def told(**fields: Any) -> RelationshipEstablished:
    said: dict[str, Any] = {
        "relationship_id": UUID(int=9),
        "from_id": PARENT,
        "from_type": "customer",
        "to_id": CHILD,
        "to_type": "customer",
        "relationship_type": "parent-of",
        "valid_from": NOW,
    }
    return RelationshipEstablished(**{**said, **fields})


def test_it_is_established_once_and_ends_once() -> None:
    [fact] = decide(None, EstablishRelationship(told()))
    known = evolve(None, fact)
    assert decide(known, EstablishRelationship(told())) == []
    with pytest.raises(RelationshipIdIsTakenError):
        decide(known, EstablishRelationship(told(to_id=OTHER)))
    [ended] = decide(known, EndRelationship("sold", NOW))
    after = evolve(known, ended)
    assert (after.ended_at, after.reason_code, after.version) == (NOW, "sold", 2)
    assert decide(after, EndRelationship("again", NOW)) == []


def test_parties_must_fit_the_type() -> None:
    with pytest.raises(RelationshipToSelfError):
        decide(None, EstablishRelationship(told(to_id=PARENT)))
    for wrong in (
        {"to_type": "contact"},
        {"relationship_type": "employs"},
        {"relationship_type": "influences"},
        {"relationship_type": "unheard-of"},
    ):
        with pytest.raises(PartiesDoNotFitError):
            decide(None, EstablishRelationship(told(**wrong)))
    employs = told(relationship_type="employs", to_type="contact")
    assert decide(None, EstablishRelationship(employs)) == [employs]


def test_a_group_has_no_circle_and_each_member_one_parent() -> None:
    circle = Surroundings(ancestor_ids=(OTHER, CHILD))
    with pytest.raises(GroupWouldBeACircleError) as refused:
        decide(None, EstablishRelationship(told(), circle))
    assert refused.value.code() == "group-would-be-a-circle"
    with pytest.raises(CustomerHasParentError):
        decide(None, EstablishRelationship(told(), Surroundings(parent_of_to=OTHER)))
    dealer = told(relationship_type="dealer")
    assert decide(None, EstablishRelationship(dealer, circle)) == [dealer]


def test_two_are_related_once_in_one_way() -> None:
    with pytest.raises(RelationshipIsThereError):
        decide(None, EstablishRelationship(told(), Surroundings(same_id=UUID(int=8))))


def test_what_is_not_there_cannot_end() -> None:
    with pytest.raises(RelationshipNotFoundError):
        decide(None, EndRelationship("sold", NOW))
