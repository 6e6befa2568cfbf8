"""Facts of surveys: how people found what was done."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.topic import Event, events_topic

SurveyKind = Literal["csat", "ces", "nps"]

SURVEY_EVENTS = events_topic(
    "service-desk", "survey", key="survey_id", holds="how satisfied people were"
)


@SURVEY_EVENTS.fact("sent")
class SurveySent(Event):
    """A person was asked how it was."""

    survey_id: UUID
    kind: Annotated[str, Open.to(SurveyKind)]
    customer_id: UUID
    contact_id: UUID | None = None
    ticket_id: UUID | None = None
    sent_at: datetime


@SURVEY_EVENTS.fact("answered")
class SurveyAnswered(Event):
    """A person said how it was: CSAT and CES 1–5, NPS 0–10. The comment stays in service-desk."""

    survey_id: UUID
    kind: Annotated[str, Open.to(SurveyKind)]
    customer_id: UUID
    contact_id: UUID | None = None
    ticket_id: UUID | None = None
    agent_id: str | None = None
    score: int
    has_comment: bool = False
    answered_at: datetime
