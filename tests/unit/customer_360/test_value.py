"""Value, permission and search terms, with plain values."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from customer_360.contactability.gate import contactable_now
from customer_360.people.fold import Consent, Suppression, contact_of
from customer_360.search.terms import point_key_of
from customer_360.value.rfm import RfmModel, cell_of, score
from shared.contact_points import subject_hash
from shared.contracts.contacts import Channel, PostalPoint

from tests.unit.customer_360.histories.ids import an_id
from tests.unit.customer_360.histories.permissions import HASH_KEY
from tests.unit.customer_360.histories.story import Story
from tests.unit.customer_360.histories.times import at

MODEL = RfmModel.model_validate(
    {
        "recency_days": [30, 90, 180, 365],
        "frequency": [1, 2, 4, 8],
        "monetary": {"*": [50, 200, 1000, 10000], "JPY": [7500, 30000, 150000, 1500000]},
    }
)


def test_who_never_bought_has_no_score() -> None:
    assert score(MODEL, order_count=0, revenue={}, last_order_at=None, today=at(0)) is None


def test_scores_are_counted_against_the_business_day_of_the_base() -> None:
    rfm = score(
        MODEL,
        order_count=9,
        revenue={"USD": Decimal(20000)},
        last_order_at=at(0),
        today=at(0) + timedelta(days=30),
    )

    assert rfm is not None
    assert (rfm.r, rfm.f, rfm.m, rfm.cell) == (5, 5, 5, "champion")


def test_money_is_measured_in_its_own_currency() -> None:
    yen = score(
        MODEL, order_count=1, revenue={"JPY": Decimal(9000)}, last_order_at=at(0), today=at(0)
    )

    assert yen is not None
    assert yen.m == 2


@pytest.mark.parametrize(
    ("scores", "cell"),
    [
        ((5, 4, 4), "champion"),
        ((3, 3, 5), "loyal"),
        ((4, 1, 5), "promising"),
        ((2, 5, 3), "at-risk"),
        ((1, 2, 5), "hibernating"),
        ((3, 2, 2), "need-attention"),
        ((5, 5, 1), "need-attention"),
    ],
)
def test_three_scores_make_a_cell(scores: tuple[int, int, int], cell: str) -> None:
    assert cell_of(*scores) == cell


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (" Ada@Example.com ", "email:ada@example.com"),
        ("+44 20 7946 0018", "phone:+442079460018"),
        ("0044 20 7946 0018", "phone:+442079460018"),
        ("Ada", None),
        ("ada@", None),
        ("00042", None),
    ],
)
def test_a_search_text_is_an_address_or_a_name(text: str, key: str | None) -> None:
    assert point_key_of(text) == key


def test_an_expired_consent_allows_nothing() -> None:
    contact = contact_of(Story().contact_state(), 1, HASH_KEY)
    consent = Consent(
        an_id("consent"), 1, contact.contact_id, "email", "marketing", "granted", expires_at=at(5)
    )

    def may(hours: float) -> bool:
        answers = contactable_now(contact, [consent], [], has_critical_ticket=False, now=at(hours))
        return answers["email:marketing"].ok

    assert (may(4), may(6)) == (True, False)


@pytest.mark.parametrize(
    ("consent", "because"),
    [
        (None, "unknown"),
        ({"status": "withdrawn"}, "withdrawn"),
        ({"status": "pending-confirmation"}, "pending-confirmation"),
        ({"status": "granted", "effective_from": at(5)}, "not-yet-effective"),
        ({"status": "granted", "expires_at": at(1)}, "expired"),
    ],
)
def test_the_answer_says_where_the_consent_stands(
    consent: dict[str, Any] | None, because: str
) -> None:
    contact = contact_of(Story().contact_state(), 1, HASH_KEY)
    key = (an_id("consent"), 1, contact.contact_id, "email", "marketing")
    known = [Consent(*key, **consent)] if consent else []

    answers = contactable_now(contact, known, [], has_critical_ticket=False, now=at(2))

    assert answers["email:marketing"].model_dump() == {
        "ok": False,
        "reason": "consent",
        "because": because,
    }


def test_a_suppression_for_one_purpose_leaves_the_others() -> None:
    contact = contact_of(Story().contact_state(), 1, HASH_KEY)
    key = (an_id("consent"), 1, contact.contact_id, "email")
    consents = [Consent(*key, purpose, "granted") for purpose in ("marketing", "service")]
    address = contact.subject_hashes[0]
    suppression = Suppression(
        an_id("suppression"), 1, address, "email", "marketing", "opt-out", is_active=True
    )

    answers = contactable_now(
        contact, consents, [suppression], has_critical_ticket=False, now=at(2)
    )

    assert (answers["email:marketing"].because, answers["email:service"].ok) == ("opt-out", True)


def test_a_person_without_an_address_cannot_be_reached() -> None:
    contact = contact_of(Story().contact_state(points=()), 1, HASH_KEY)
    consent = Consent(an_id("consent"), 1, contact.contact_id, "phone", "service", "granted")

    answers = contactable_now(contact, [consent], [], has_critical_ticket=False, now=at(0))

    assert answers["phone:service"].reason == "no-point"
    assert answers["email:service"].reason == "consent"


def test_every_channel_is_answered_for_every_purpose() -> None:
    contact = contact_of(Story().contact_state(), 1, HASH_KEY)

    answers = contactable_now(contact, [], [], has_critical_ticket=False, now=at(0))

    assert len(answers) == 24
    assert {answer.reason for answer in answers.values()} == {"consent"}


def test_a_short_message_goes_to_a_mobile_and_a_letter_to_a_postal_address() -> None:
    state = Story().contact_state()
    mobile = state.points[1].model_copy(update={"type": "mobile"})
    post = PostalPoint(point_id=an_id("home"), normalized="12 Mill Lane, Leeds")

    def may(**changes: Any) -> tuple[bool, bool]:
        contact = contact_of(Story().contact_state(**changes), 1, HASH_KEY)
        key = (an_id("consent"), 1, contact.contact_id)
        consents = [Consent(*key, channel, "service", "granted") for channel in ("sms", "post")]
        answers = contactable_now(contact, consents, [], has_critical_ticket=False, now=at(0))
        return answers["sms:service"].ok, answers["post:service"].ok

    assert may() == (False, False)
    assert may(points=(mobile,), postal_points=(post,)) == (True, True)
    retired = post.model_copy(update={"status": "retired"})
    assert may(points=(mobile,), postal_points=(retired,)) == (True, False)


@pytest.mark.parametrize(
    ("channel", "address"), [("sms", "+442079460018"), ("post", "12 mill lane")]
)
def test_a_suppression_of_a_number_or_a_postal_address_counts_on_its_channel(
    channel: Channel, address: str
) -> None:
    post = PostalPoint(point_id=an_id("home"), normalized="12 Mill Lane")
    contact = contact_of(Story().contact_state(postal_points=(post,)), 1, HASH_KEY)
    hashed = subject_hash(HASH_KEY, channel, address)
    suppression = Suppression(an_id("no"), 1, hashed, channel, "all", "legal", is_active=True)

    answers = contactable_now(contact, [], [suppression], has_critical_ticket=False, now=at(0))

    refused = {pair for pair, answer in answers.items() if answer.because == "legal"}
    assert refused == {pair for pair in answers if pair.startswith(f"{channel}:")}


def test_a_restriction_comes_before_everything_else() -> None:
    contact = contact_of(Story().contact_state(), 1, HASH_KEY)
    key = (an_id("consent"), 1, contact.contact_id)
    consent = Consent(*key, "email", "service", "granted")

    answers = contactable_now(
        contact, [consent], [], has_critical_ticket=False, is_restricted=True, now=at(0)
    )

    assert {answer.reason for answer in answers.values()} == {"restricted"}
