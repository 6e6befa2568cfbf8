"""A preference is learned, or what is known stays."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from contacts.preferences.domain import LearnPreference, decide, told_by
from shared.contracts.campaigns import ResponseRecorded
from shared.contracts.service_desk import SurveyAnswered

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
FIRM, PERSON, CAUSE = UUID(int=1), UUID(int=2), UUID(int=3)
TRUST = {"response:click": 0.3, "response:call": 0.6, "survey:nps": 0.8, "survey:csat": 0.8}


def learn(value: str, confidence: float = 0.5, hours: int = 0) -> LearnPreference:
    at = NOW + timedelta(hours=hours)
    return LearnPreference(UUID(int=1), None, "call-time", value, confidence, at)


def test_a_preference_is_learned_and_a_repeat_is_quiet() -> None:
    [fact] = decide(None, learn("morning"))
    assert (fact.key, fact.value_code, fact.learned_at) == ("call-time", "morning", NOW)
    assert decide(fact, learn("morning")) == []
    assert decide(fact, learn("morning", hours=1)) == []


def test_the_surer_wins_and_among_equals_the_later() -> None:
    [known] = decide(None, learn("morning"))
    assert decide(known, learn("evening", 0.4, hours=9)) == []
    assert decide(known, learn("evening", hours=-1)) == []
    assert decide(known, learn("evening", hours=1))[0].value_code == "evening"
    assert decide(known, learn("evening", 0.9, hours=-1))[0].value_code == "evening"
    assert decide(known, learn("morning", 0.9))[0].confidence == 0.9


def test_each_person_has_preferences_of_their_own() -> None:
    of_person = LearnPreference(UUID(int=1), UUID(int=2), "call-time", "x", 1.0, NOW)
    assert of_person.preference_id != learn("x").preference_id


def likes(said: ResponseRecorded | SurveyAnswered) -> list[tuple[str, str, float]]:
    return [(each.key, each.value_code, each.confidence) for each in told_by(said, FIRM, TRUST)]


def response(kind: str, *products: str) -> ResponseRecorded:
    return ResponseRecorded(
        response_id=CAUSE,
        contact_id=PERSON,
        kind=kind,
        product_interests=products,
        score_delta=1,
        occurred_at=NOW,
    )


def survey(kind: Any, score: int) -> SurveyAnswered:
    return SurveyAnswered(
        survey_id=CAUSE, kind=kind, customer_id=FIRM, score=score, answered_at=NOW
    )


def test_a_response_says_what_its_person_is_interested_in_and_how_to_talk_to_them() -> None:
    assert likes(response("click", "Pump-X", "seal")) == [
        ("product:pump-x", "interested", 0.3),
        ("product:seal", "interested", 0.3),
    ]
    assert likes(response("call")) == [("channel", "phone", 0.6)]
    [told] = told_by(response("click", "seal"), FIRM, TRUST)
    assert (told.contact_id, told.at, told.source_ref) == (PERSON, NOW, f"response:{CAUSE}")


@pytest.mark.parametrize(
    ("kind", "score", "key", "value"),
    [
        ("nps", 6, "recommends-us", "no"),
        ("nps", 8, "recommends-us", "perhaps"),
        ("nps", 9, "recommends-us", "yes"),
        ("csat", 2, "likes-our-service", "no"),
        ("csat", 3, "likes-our-service", "perhaps"),
        ("csat", 4, "likes-our-service", "yes"),
    ],
)
def test_a_survey_says_what_they_think_of_us(kind: str, score: int, key: str, value: str) -> None:
    assert likes(survey(kind, score)) == [(key, value, 0.8)]


@pytest.mark.parametrize(
    "said", [response("scan", "seal"), response("click", "ein Produkt"), survey("ces", 5)]
)
def test_of_what_is_no_code_or_no_known_source_nothing_is_learned(
    said: ResponseRecorded | SurveyAnswered,
) -> None:
    assert likes(said) == []
