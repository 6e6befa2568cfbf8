"""Surveys are answered once, on the scale of their kind."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from service_desk.surveys.domain import (
    AnswerSurvey,
    ScoreOutOfRangeError,
    SendSurvey,
    SurveyExistsError,
    SurveyIsAnsweredError,
    SurveyKind,
    begin,
    decide,
    decide_sending,
    evolve,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ID = UUID(int=1)


def send(kind: SurveyKind) -> SendSurvey:
    return SendSurvey(ID, kind, UUID(int=2), UUID(int=3), UUID(int=4), "anna", NOW)


@pytest.mark.parametrize(
    ("kind", "lowest", "highest"), [("csat", 1, 5), ("ces", 1, 5), ("nps", 0, 10)]
)
def test_a_score_lies_on_the_scale_of_its_kind(kind: SurveyKind, lowest: int, highest: int) -> None:
    survey = begin(send(kind))
    for score in (lowest, highest):
        (answered,) = decide(survey, AnswerSurvey(ID, score, "Quick!", NOW))
        assert (answered.score, answered.has_comment) == (score, True)
    for score in (lowest - 1, highest + 1):
        with pytest.raises(ScoreOutOfRangeError):
            decide(survey, AnswerSurvey(ID, score, None, NOW))


def test_an_answer_told_again_stays_quiet_and_another_one_is_refused() -> None:
    answer = AnswerSurvey(ID, 5, None, NOW)
    survey = begin(send("csat"))
    for event in decide(survey, answer):
        survey = evolve(survey, event, answer.comment)
    assert (survey.status, survey.score, survey.version) == ("answered", 5, 2)
    assert decide(survey, answer) == []
    with pytest.raises(SurveyIsAnsweredError):
        decide(survey, AnswerSurvey(ID, 1, None, NOW))


def test_a_survey_sent_again_stays_quiet_and_another_one_is_refused() -> None:
    survey = begin(send("csat"))
    assert decide_sending(survey, send("csat")) == []
    with pytest.raises(SurveyExistsError):
        decide_sending(survey, send("nps"))
