"""Matching: normal forms, keys, levels, and what agreement is worth."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from contacts.matching import levels
from contacts.matching.keys import keys_of
from contacts.matching.scoring import current_policy, score
from contacts.matching.subjects import (
    Address,
    CustomerTraits,
    PersonTraits,
    customer_traits,
    person_traits,
)
from contacts.matching.text import company, fold, signature, street
from hypothesis import given
from hypothesis import strategies as st
from shared.contracts.contacts import (
    ContactPoint,
    ContactState,
    CustomerState,
    ExternalId,
    KeyDate,
    PostalPoint,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = current_policy()
HOME = Address("12", "high street", "", "leeds", "ls14dy", "")
JOHN = PersonTraits(
    UUID(int=1), AT, "john", "warrington", "19710412", frozenset(), frozenset(), (HOME,)
)
ACME = CustomerTraits(UUID(int=1), AT, "organization", "acme tools", region="at")


def other(traits: PersonTraits, **changed: object) -> PersonTraits:
    return replace(traits, entity_id=UUID(int=2), **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("  MÜLLER-O’Brien ", "muller obrien"),
        ("Ｗａｎｇ 王", "wang 王"),
        ("Straße", "strasse"),
        ("Łukasz Øster", "lukasz oster"),
        ("", ""),
    ],
)
def test_spellings_that_differ_in_form_alone_are_one(written: str, folded: str) -> None:
    assert fold(written) == folded


@pytest.mark.parametrize(
    ("written", "name", "form"),
    [
        ("Acme Ges.m.b.H.", "acme", "gesmbh"),
        ("ACME Tools & Co. KG", "acme tools", "co kg"),
        ("GmbH", "gmbh", ""),
        ("SA Tools", "sa tools", ""),
        ("华为技术有限公司", "华为技术", "有限公司"),
    ],
)
def test_a_legal_form_is_no_part_of_the_name(written: str, name: str, form: str) -> None:
    assert company(written) == (name, form)


def test_like_sounding_words_have_one_signature() -> None:
    assert len({signature(each) for each in ("phillip", "filip", "fillyp", "philipp")}) == 1
    assert signature("mcphail") != signature("mcneil")
    assert signature("王小明") == "王小明"
    assert signature("aia") == "aia"


def test_kinds_of_streets_are_written_out() -> None:
    assert street("12 High St.") == street("12 high street") == "12 high street"


@pytest.mark.parametrize(
    ("one", "two", "level"),
    [
        ("john", "john", "same"),
        ("john", "jhon", "close"),
        ("waller", "wallner", "close"),
        ("van der berg", "vanderberg", "close"),
        ("hawthornthwaite", "hawthornthwite", "close"),
        ("j", "john", "similar"),
        ("alexander", "alex", "similar"),
        ("luke", "mia", "differs"),
        ("li", "wu", "differs"),
        ("", "john", None),
    ],
)
def test_names_agree_so_far(one: str, two: str, level: str | None) -> None:
    assert levels.of_words(one, two) == level
    assert levels.of_words(two, one) == level


@pytest.mark.parametrize(
    ("one", "two", "level"),
    [
        ("19710412", "19710412", "same"),
        ("19710412", "19711204", "close"),
        ("19710412", "19710413", "close"),
        ("19710412", "19170412", "close"),
        ("19710412", "19740413", "similar"),
        ("19710412", "19881130", "differs"),
        ("19710412", "", None),
    ],
)
def test_birthdays_agree_so_far(one: str, two: str, level: str | None) -> None:
    assert levels.of_dates(one, two) == level


@pytest.mark.parametrize(
    ("one", "two", "level"),
    [
        ("acme tools", "tools acme", "same"),
        ("acme tools", "acmetools", "same"),
        ("acme tools", "acme tolls", "close"),
        ("acme tools", "acme tools austria", "similar"),
        ("market 12", "market 13", "differs"),
        ("acme", "acme tools", "differs"),
    ],
)
def test_companies_agree_so_far(one: str, two: str, level: str) -> None:
    assert levels.of_companies(one, two) == level


@pytest.mark.parametrize(
    "changed",
    [
        {"given": "jon"},
        {"family": "warringtom"},
        {"given": "warrington", "family": "john"},
        {"given": "john", "family": ""},
        {"birthday": "19711204"},
        {"birthday": ""},
        {"addresses": ()},
        {"addresses": (replace(HOME, street="hihg street", postal_code="ls41dy"),)},
    ],
)
def test_an_error_in_one_trait_is_survived(changed: dict[str, object]) -> None:
    again = other(JOHN, **changed)
    assert score(JOHN, again, POLICY).score >= POLICY.block
    assert keys_of(JOHN) & keys_of(again)


@pytest.mark.parametrize(
    "changed",
    [
        {"given": "mary", "birthday": "19730101"},  # one household
        {"addresses": (), "birthday": ""},  # nothing but the name agrees
        {"given": "mary", "family": "jones", "birthday": ""},  # one house
    ],
)
def test_what_two_people_share_makes_them_not_one(changed: dict[str, object]) -> None:
    assert score(JOHN, other(JOHN, **changed), POLICY).score < POLICY.review


def test_a_common_address_of_mail_without_a_name_is_suspected_and_no_more() -> None:
    one = PersonTraits(UUID(int=1), AT, emails=frozenset({"a@b.example"}))
    assert POLICY.review <= score(one, other(one), POLICY).score < POLICY.block
    named = replace(one, given="ada", family="lovelace")
    assert score(named, other(named), POLICY).score >= POLICY.block
    stranger = other(named, given="grace", family="hopper")
    assert score(named, stranger, POLICY).score < POLICY.review


def test_what_many_share_says_less() -> None:
    again = other(
        JOHN, birthday="", addresses=(replace(HOME, house="", street="", postal_code=""),)
    )
    alone, among_many = score(JOHN, again, POLICY), score(JOHN, again, POLICY, sharing=40)
    assert alone.score >= POLICY.review > among_many.score
    assert ("crowd", "shared") in {reason[:2] for reason in among_many.reasons}


def test_a_unique_identifier_that_differs_vetoes() -> None:
    one = replace(JOHN, unique=frozenset({("loyalty_no:club", "a")}))
    assert score(one, other(one, unique=frozenset({("loyalty_no:club", "b")})), POLICY).score == 0
    assert score(one, other(one, unique=frozenset({("loyalty_no:rail", "b")})), POLICY).score > 0.9
    both = score(one, other(one), POLICY)
    assert both.score >= POLICY.auto
    assert both.uniques_agreeing == 1


def test_reasons_add_up_to_the_score() -> None:
    match = score(JOHN, other(JOHN, given="jon"), POLICY)
    bits = POLICY.prior["contact"] + sum(reason[2] for reason in match.reasons)
    assert match.score == pytest.approx(1 / (1 + 2**-bits), abs=1e-4)
    assert match.matched_on[:2] == ("birthday", "family_name")


def test_a_company_is_suspected_by_more_than_its_name() -> None:
    alone = replace(ACME, region="", entity_id=UUID(int=2))
    assert score(ACME, alone, POLICY).score < POLICY.review
    there = replace(ACME, entity_id=UUID(int=2))
    assert POLICY.review <= score(ACME, there, POLICY).score < POLICY.block
    wired = replace(ACME, domain="acme.at")
    assert score(wired, replace(wired, entity_id=UUID(int=2)), POLICY).score >= POLICY.block
    taxed = replace(wired, unique=frozenset({("tax_id", "1")}))
    rival = replace(wired, entity_id=UUID(int=2), unique=frozenset({("tax_id", "2")}))
    assert score(taxed, rival, POLICY).score == 0


def test_traits_are_read_from_snapshots() -> None:
    points = (
        ContactPoint(point_id=UUID(int=7), type="email", value="A@b.at", normalized="a@b.at"),
        ContactPoint(
            point_id=UUID(int=8), type="phone", value="1", normalized="+431", status="invalid"
        ),
    )
    state = ContactState(
        contact_id=UUID(int=1),
        given_name="Jörg",
        family_name=None,
        points=points,
        postal_points=(
            PostalPoint(
                point_id=UUID(int=9),
                lines=("Hauptstr. 4a", "Top 3"),
                locality="Wien",
                postal_code="A 1010",
                normalized="",
            ),
        ),
        key_dates=(KeyDate(kind="birthday", month_day="04-12", year=1971),),
        created_at=AT,
    )
    assert person_traits(state) == PersonTraits(
        UUID(int=1),
        AT,
        "jorg",
        "",
        "19710412",
        frozenset({"a@b.at"}),
        frozenset(),
        (Address("4a", "hauptstr", "top 3", "wien", "a1010", ""),),
    )
    customer = CustomerState(
        customer_id=UUID(int=1),
        kind="organization",
        display_name="Acme",
        legal_name="Acme GmbH",
        tax_id="ATU 123",
        website="https://www.acme.at/shop",
        lifecycle="prospect",
        lifecycle_since=AT,
        source="manual",
        external_ids=(ExternalId(system="erp", id="7"),),
        created_at=AT,
    )
    assert customer_traits(customer) == CustomerTraits(
        UUID(int=1),
        AT,
        "organization",
        "acme",
        "gmbh",
        "",
        "acme.at",
        frozenset({("tax_id", "atu123"), ("external_id:erp", "7")}),
    )


names = st.text(alphabet=st.characters(codec="utf-8"), max_size=12).map(fold)
people = st.builds(
    PersonTraits,
    st.just(UUID(int=1)),
    st.just(AT),
    names,
    names,
    st.sampled_from(["", "19710412", "19711204"]),
    st.frozensets(st.sampled_from(["a@b.c", "d@e.f"])),
    st.frozensets(st.sampled_from(["+1", "+2"])),
    st.lists(st.builds(Address, names, names, names, names, names, names), max_size=2).map(tuple),
)


@given(people, people)
def test_the_score_is_the_same_from_both_sides(one: PersonTraits, two: PersonTraits) -> None:
    there, back = score(one, two, POLICY), score(two, one, POLICY)
    assert there.score == pytest.approx(back.score)
    assert 0 <= there.score <= 1


@given(people)
def test_keys_are_the_same_again_and_fit_a_bigint(one: PersonTraits) -> None:
    assert keys_of(one) == keys_of(other(one))
    assert all(-(1 << 63) <= key < 1 << 63 for key in keys_of(one))
