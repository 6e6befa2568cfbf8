"""Surveys: a person is asked how it was, and answers once."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, assert_never
from uuid import UUID

from shared.contracts.service_desk import SurveyAnswered, SurveySent
from shared.errors import ConflictError, InvalidError, NotFoundError

SurveyKind = Literal["csat", "ces", "nps"]

SCORES: dict[SurveyKind, range] = {
    "csat": range(1, 6),
    "ces": range(1, 6),
    "nps": range(11),
}
REST = timedelta(days=14)
"""So long nobody is asked again by itself; a person may still ask."""

SurveyEvent: TypeAlias = SurveySent | SurveyAnswered


class SurveyNotFoundError(NotFoundError):
    """There is no such survey."""


class SurveyExistsError(ConflictError):
    """Another survey has this id."""


class SurveyIsAnsweredError(ConflictError):
    """The survey has another answer already."""


class ScoreOutOfRangeError(InvalidError):
    """CSAT and CES go from 1 to 5, NPS from 0 to 10."""


@dataclass(frozen=True, slots=True)
class Survey:
    survey_id: UUID
    kind: SurveyKind
    customer_id: UUID
    contact_id: UUID | None
    ticket_id: UUID | None
    agent_id: str | None
    status: Literal["sent", "answered"]
    score: int | None
    comment: str | None
    sent_at: datetime
    answered_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class SendSurvey:
    """`agent_id` is whose work is asked about."""

    survey_id: UUID
    kind: SurveyKind
    customer_id: UUID
    contact_id: UUID | None
    ticket_id: UUID | None
    agent_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class AnswerSurvey:
    survey_id: UUID
    score: int
    comment: str | None
    at: datetime


def decide_sending(survey: Survey | None, command: SendSurvey) -> list[SurveySent]:
    if survey is not None:
        fields = ("kind", "customer_id", "contact_id", "ticket_id")
        if any(getattr(survey, name) != getattr(command, name) for name in fields):
            raise SurveyExistsError(survey_id=survey.survey_id)
        return []
    return [
        SurveySent(
            survey_id=command.survey_id,
            kind=command.kind,
            customer_id=command.customer_id,
            contact_id=command.contact_id,
            ticket_id=command.ticket_id,
            sent_at=command.at,
        )
    ]


def begin(command: SendSurvey) -> Survey:
    return Survey(
        survey_id=command.survey_id,
        kind=command.kind,
        customer_id=command.customer_id,
        contact_id=command.contact_id,
        ticket_id=command.ticket_id,
        agent_id=command.agent_id,
        status="sent",
        score=None,
        comment=None,
        sent_at=command.at,
        answered_at=None,
        version=1,
    )


def decide(survey: Survey, command: AnswerSurvey) -> list[SurveyAnswered]:
    if command.score not in SCORES[survey.kind]:
        raise ScoreOutOfRangeError(field="score", kind=survey.kind)
    if survey.status == "answered":
        if (survey.score, survey.comment) != (command.score, command.comment):
            raise SurveyIsAnsweredError(survey_id=survey.survey_id)
        return []
    return [
        SurveyAnswered(
            survey_id=survey.survey_id,
            kind=survey.kind,
            customer_id=survey.customer_id,
            contact_id=survey.contact_id,
            ticket_id=survey.ticket_id,
            agent_id=survey.agent_id,
            score=command.score,
            has_comment=command.comment is not None,
            answered_at=command.at,
        )
    ]


def evolve(survey: Survey, event: SurveyEvent, comment: str | None) -> Survey:
    """The comment is in no fact; it comes with the command."""
    match event:
        case SurveySent():
            raise AssertionError("a survey is sent once")
        case SurveyAnswered():
            return replace(
                survey,
                status="answered",
                score=event.score,
                comment=comment,
                answered_at=event.answered_at,
                version=survey.version + 1,
            )
        case _:
            assert_never(event)
