"""Surveys over HTTP."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field
from shared.auth import Caller, Reader, allow
from shared.http.requests import (
    Code,
    Cursor,
    Database,
    IfMatch,
    Limit,
    LongText,
    NewId,
    Page,
    page_of,
    read_cursor,
    tag_version,
)

from service_desk.surveys import handlers, store
from service_desk.surveys.domain import AnswerSurvey, SendSurvey, Survey, SurveyKind

router = APIRouter(prefix="/v1/surveys", tags=["surveys"])

Sender = Annotated[Caller, Depends(allow("service"))]
Answerer = Annotated[Caller, Depends(allow("service", "integration"))]


async def _about(
    customer_id: UUID | None = None, contact_id: UUID | None = None, ticket_id: UUID | None = None
) -> tuple[UUID | None, UUID | None, UUID | None]:
    return customer_id, contact_id, ticket_id


class SurveyIn(BaseModel):
    """Whom to ask and about what; `agent_id` is whose work is asked about."""

    kind: SurveyKind
    customer_id: UUID
    contact_id: UUID | None = None
    ticket_id: UUID | None = None
    agent_id: Code | None = None


class AnswerIn(BaseModel):
    """CSAT and CES go from 1 to 5, NPS from 0 to 10."""

    score: Annotated[int, Field(ge=0, le=10)]
    comment: LongText | None = None


class SurveyOut(BaseModel):
    """A survey and its answer."""

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

    @classmethod
    def of(cls, survey: Survey) -> Self:
        return cls.model_validate(survey, from_attributes=True)


@router.post("", status_code=201)
async def send_survey(
    caller: Sender, pool: Database, new_id: NewId, body: SurveyIn, response: Response
) -> SurveyOut:
    """Ask a person how it was."""
    command = SendSurvey(
        new_id,
        body.kind,
        body.customer_id,
        body.contact_id,
        body.ticket_id,
        body.agent_id,
        caller.cause.at,
    )
    survey = await handlers.send_survey(pool, caller.cause, command)
    tag_version(response, survey.version)
    return SurveyOut.of(survey)


@router.post("/{survey_id}/answer")
async def answer_survey(
    caller: Answerer,
    pool: Database,
    survey_id: UUID,
    body: AnswerIn,
    if_match: IfMatch,
    response: Response,
) -> SurveyOut:
    """Answer once."""
    command = AnswerSurvey(survey_id, body.score, body.comment, caller.cause.at)
    survey = await handlers.answer_survey(pool, caller.cause, command, if_match)
    tag_version(response, survey.version)
    return SurveyOut.of(survey)


@router.get("/{survey_id}")
async def show_survey(
    caller: Reader, pool: Database, survey_id: UUID, response: Response
) -> SurveyOut:
    """One survey."""
    del caller
    async with pool.acquire() as connection:
        survey = await store.load_survey(connection, survey_id)
    tag_version(response, survey.version)
    return SurveyOut.of(survey)


@router.get("")
async def list_surveys(
    caller: Reader,
    pool: Database,
    about: Annotated[tuple[UUID | None, UUID | None, UUID | None], Depends(_about)],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[SurveyOut]:
    """Surveys of a customer, of a person, or about a ticket."""
    del caller
    after = read_cursor(cursor, UUID)
    async with pool.acquire() as connection:
        surveys = await store.list_surveys(
            connection, about, after[0] if after else UUID(int=0), limit + 1
        )
    return page_of(list(map(SurveyOut.of, surveys)), limit, lambda item: [item.survey_id])
