"""Kafka in: what deals, tickets and surveys say of a customer's worth, and who is worth a look."""

from collections.abc import Sequence
from datetime import UTC, datetime

from shared.contracts.customer_360 import GradeSuggested
from shared.contracts.pipeline import (
    DealAmountChanged,
    DealLost,
    DealOpened,
    DealReopened,
    DealStageChanged,
    DealWon,
)
from shared.contracts.service_desk import SurveyAnswered, TicketCancelled, TicketOpened
from shared.db import Connection
from shared.messaging.envelope import Received
from shared.messaging.reactions import Consumer

from contacts.figures.domain import DealFact, TicketFact, deal_row, survey_row, ticket_row
from contacts.figures.store import save_rows
from contacts.grades.handlers import review_suggested

consumer = Consumer("contacts.grades", is_projection=True, max_records=1000)
suggestions = Consumer("contacts.suggestions")


@consumer.on_batch(DealOpened, DealAmountChanged, DealStageChanged, DealWon, DealLost, DealReopened)
async def on_deal_facts(connection: Connection, records: Sequence[Received[DealFact]]) -> None:
    rows = [deal_row(r.event, r.envelope.version, r.envelope.time) for r in records]
    await save_rows(connection, rows)


@consumer.on_batch(TicketOpened, TicketCancelled)
async def on_ticket_facts(connection: Connection, records: Sequence[Received[TicketFact]]) -> None:
    await save_rows(connection, [ticket_row(r.event, r.envelope.version) for r in records])


@consumer.on_batch(SurveyAnswered)
async def on_surveys_answered(
    connection: Connection, records: Sequence[Received[SurveyAnswered]]
) -> None:
    await save_rows(connection, [survey_row(r.event, r.envelope.version) for r in records])


@suggestions.on_batch(GradeSuggested)
async def on_grades_suggested(
    connection: Connection, records: Sequence[Received[GradeSuggested]]
) -> None:
    cause = records[-1].envelope.cause("contacts", at=datetime.now(UTC))
    await review_suggested(connection, cause, [received.event for received in records])
