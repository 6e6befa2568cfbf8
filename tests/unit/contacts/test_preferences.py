"""A preference is learned, or what is known stays."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from contacts.preferences.domain import LearnPreference, decide

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


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
