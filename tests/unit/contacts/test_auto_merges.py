"""Automatic merges: the one case that is sure enough, and each reason against all others."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from contacts.auto_merges.domain import Candidate, Objection, OpenDeal, objection
from contacts.duplicates.domain import DuplicateCase, OpenCase, decide, evolve
from contacts.matching.scoring import current_policy
from contacts.matching.subjects import CustomerTraits, PersonTraits, Unique

ONE, TWO = UUID(int=1), UUID(int=2)
AT = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = current_policy()
TAX = ("tax_id", "atu1")
MAIL = ("email_hash:verified-email", "abc")
OTHER_MAIL = ("email_hash:verified-email", "def")
ACME = CustomerTraits(ONE, AT, "organization", "acme tools", unique=frozenset({TAX}))
SURE = Candidate(ACME, frozenset({MAIL}))


def case(**changed: Any) -> DuplicateCase:
    opening = OpenCase("customer", (ONE, TWO), 0.99, ("tax_id",), ONE, 1, "scan", AT)
    return replace(evolve(None, decide(None, opening)[0]), **changed)


def other(beside: frozenset[Unique] = SURE.beside, **changed: Any) -> Candidate:
    return Candidate(replace(ACME, entity_id=TWO, **changed), beside)


def with_deal(amount: int | None, currency: str = "EUR") -> Candidate:
    deal = OpenDeal(None if amount is None else Decimal(amount), currency)
    return replace(other(), open_deals=(deal,))


def test_two_unique_identifiers_and_a_sure_score_make_one() -> None:
    assert objection(case(), SURE, other(), POLICY) is None
    limit = POLICY.auto_deal_limits["EUR"]
    assert objection(case(), SURE, with_deal(limit), POLICY) is None


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (other(frozenset()), "too-few-identifiers"),
        (other(frozenset({OTHER_MAIL})), "too-few-identifiers"),
        (other(unique=frozenset()), "too-few-identifiers"),
        (other(unique=frozenset({("tax_id", "atu2")})), "identifiers-differ"),
        (other(kind="individual"), "kinds-differ"),
        (replace(other(), is_active=False), "not-in-use"),
        (other(name="zeta", region="us", legal_form="inc", domain="z.example"), "not-sure"),
        (with_deal(POLICY.auto_deal_limits["EUR"] + 1), "deal-over-limit"),
        (with_deal(None), "deal-over-limit"),
        (with_deal(1, "JPY"), "deal-over-limit"),
    ],
)
def test_anything_less_is_left_to_a_person(second: Candidate, reason: Objection) -> None:
    first = replace(SURE, traits=replace(ACME, region="at", legal_form="ag", domain="a.example"))
    assert objection(case(), first, second, POLICY) == reason


def test_what_somebody_decided_or_said_stands() -> None:
    assert objection(case(status="dismissed"), SURE, other(), POLICY) == "decided"
    forced = case(forced_for="other-branch")
    assert objection(forced, SURE, other(), POLICY) == "said-to-be-another"


def test_individuals_whose_people_differ_are_two() -> None:
    ada = Candidate(replace(ACME, kind="individual"), frozenset({MAIL}))
    eve = other(frozenset({OTHER_MAIL}), kind="individual")
    assert objection(case(), ada, eve, POLICY) == "identifiers-differ"


CARD = ("loyalty_no:shop", "7")
ADA = PersonTraits(
    ONE, AT, "ada", "lovelace", phones=frozenset({"+431"}), unique=frozenset({MAIL, CARD})
)
"""Has both; they were claimed for another record of hers, too."""


def twin(*claimed: Unique, **changed: Any) -> Candidate:
    traits = replace(ADA, entity_id=TWO, unique=frozenset(), **changed)
    return Candidate(traits, frozenset(claimed))


def of_people(**changed: Any) -> DuplicateCase:
    return case(entity_type="contact", **changed)


def test_a_person_of_whom_two_identifiers_were_claimed_twice_is_one() -> None:
    assert objection(of_people(), Candidate(ADA), twin(MAIL, CARD), POLICY) is None
    assert objection(of_people(), twin(MAIL, CARD), Candidate(ADA), POLICY) is None
    crosswise = (
        replace(Candidate(ADA, frozenset({CARD})), traits=replace(ADA, unique=frozenset({MAIL}))),
        Candidate(replace(ADA, entity_id=TWO, unique=frozenset({CARD})), frozenset({MAIL})),
    )
    assert objection(of_people(), *crosswise, POLICY) is None


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (twin(MAIL), "too-few-identifiers"),
        (twin(MAIL, ("loyalty_no:other", "7")), "too-few-identifiers"),
        (replace(twin(MAIL, CARD), is_active=False), "not-in-use"),
        (twin(MAIL, CARD, given="eve", phones=frozenset[str]()), "not-sure"),
        (replace(twin(MAIL, CARD), open_deals=(OpenDeal(None, None),)), "deal-over-limit"),
    ],
)
def test_any_other_person_is_left_to_a_person(second: Candidate, reason: Objection) -> None:
    assert objection(of_people(), Candidate(ADA), second, POLICY) == reason
    forced = of_people(forced_for="twins")
    assert objection(forced, Candidate(ADA), twin(MAIL, CARD), POLICY) == "said-to-be-another"


def test_a_person_with_a_card_of_their_own_is_another_whatever_was_claimed() -> None:
    own = replace(
        twin(MAIL, CARD), traits=replace(ADA, unique=frozenset({("loyalty_no:shop", "8")}))
    )
    assert objection(of_people(), Candidate(ADA), own, POLICY) == "identifiers-differ"
