"""Kafka in: what deals, tickets and surveys say of a customer's worth; rows guarded by version."""

from collections.abc import Sequence

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

consumer = Consumer("contacts.grades", is_projection=True, max_records=1000)


@consumer.on_batch(DealOpened, DealAmountChanged, DealStageChanged, DealWon, DealLost, DealReopened)
async def on_deal_facts(connection: Connection, records: Sequence[Received[DealFact]]) -> None:
    await save_rows(connection, [deal_row(r.event, r.envelope.version) for r in records])


@consumer.on_batch(TicketOpened, TicketCancelled)
async def on_ticket_facts(connection: Connection, records: Sequence[Received[TicketFact]]) -> None:
    await save_rows(connection, [ticket_row(r.event, r.envelope.version) for r in records])


@consumer.on_batch(SurveyAnswered)
async def on_surveys_answered(
    connection: Connection, records: Sequence[Received[SurveyAnswered]]
) -> None:
    await save_rows(connection, [survey_row(r.event, r.envelope.version) for r in records])
