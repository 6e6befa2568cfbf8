"""One row per order, deal, ticket and survey, as far as grades and credit look at them.

A fact brings some of a row's columns and leaves the others as they are (None); the newest version
wins, so a repeat or an older fact changes nothing. Sums are made of the rows, never counted up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from shared.contracts.pipeline import (
    DealAmountChanged,
    DealLost,
    DealOpened,
    DealReopened,
    DealStageChanged,
    DealWon,
    OrderConfirmed,
    OrderPaymentOverdue,
    OrderRevised,
    OrderStatusChanged,
)
from shared.contracts.service_desk import SurveyAnswered, TicketCancelled, TicketOpened

OrderFact = OrderConfirmed | OrderStatusChanged | OrderRevised | OrderPaymentOverdue
DealFact = DealOpened | DealAmountChanged | DealStageChanged | DealWon | DealLost | DealReopened
TicketFact = TicketOpened | TicketCancelled


@dataclass(frozen=True, slots=True)
class OrderRow:
    """What was bought, whether it is paid, and since when it could be."""

    order_id: UUID
    version: int
    customer_id: UUID
    status: str | None = None
    total: Decimal | None = None
    currency: str | None = None
    ordered_at: datetime | None = None
    invoiced_at: datetime | None = None
    paid_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DealRow:
    """What may be bought, how probably, and when that changed last."""

    deal_id: UUID
    version: int
    customer_id: UUID
    status: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    probability: int | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TicketRow:
    """A need that cost us work, unless it was none."""

    ticket_id: UUID
    version: int
    customer_id: UUID
    opened_at: datetime | None = None
    is_cancelled: bool | None = None


@dataclass(frozen=True, slots=True)
class SurveyRow:
    """What somebody of the customer thinks of us."""

    survey_id: UUID
    version: int
    customer_id: UUID
    kind: str
    score: int
    answered_at: datetime


Row = OrderRow | DealRow | TicketRow | SurveyRow
RowT = TypeVar("RowT", bound=Row)


def order_row(fact: OrderFact, version: int) -> OrderRow:
    row = OrderRow(fact.order_id, version, fact.customer_id, None, fact.total, fact.currency)
    match fact:
        case OrderConfirmed():
            return replace(row, status="confirmed", ordered_at=fact.ordered_at)
        case OrderStatusChanged():
            times = {"invoiced": "invoiced_at", "paid": "paid_at"}
            named = times.get(fact.to_status)
            changed: Mapping[str, Any] = {named: fact.changed_at} if named else {}
            return replace(row, status=fact.to_status, **changed)
        case OrderRevised() | OrderPaymentOverdue():
            return row


def deal_row(fact: DealFact, version: int, at: datetime) -> DealRow:
    row = DealRow(fact.deal_id, version, fact.customer_id, changed_at=at)
    match fact:
        case DealOpened():
            return replace(
                row,
                status="open",
                amount=fact.amount,
                currency=fact.currency,
                probability=fact.probability,
            )
        case DealAmountChanged():
            return replace(row, amount=fact.to_amount)
        case DealStageChanged():
            return replace(row, probability=fact.probability)
        case DealReopened():
            return replace(row, status="open", probability=fact.probability)
        case DealWon():
            return replace(row, status="won")
        case DealLost():
            return replace(row, status="lost")


def ticket_row(fact: TicketFact, version: int) -> TicketRow:
    row = TicketRow(fact.ticket_id, version, fact.customer_id)
    match fact:
        case TicketOpened():
            return replace(row, opened_at=fact.received_at, is_cancelled=False)
        case TicketCancelled():
            return replace(row, is_cancelled=True)


def survey_row(fact: SurveyAnswered, version: int) -> SurveyRow:
    return SurveyRow(
        fact.survey_id, version, fact.customer_id, fact.kind, fact.score, fact.answered_at
    )


def newest_of_each(rows: Iterable[RowT]) -> list[RowT]:
    """One row per key: what later versions do not say, earlier ones of the same batch do."""
    newest: dict[UUID, RowT] = {}
    for row in rows:
        key: UUID = getattr(row, fields(row)[0].name)
        known = newest.get(key)
        newest[key] = row if known is None else _joined(*sorted((known, row), key=_version))
    return list(newest.values())


def _version(row: Row) -> int:
    return row.version


def _joined(older: RowT, newer: RowT) -> RowT:
    values = {
        field.name: getattr(newer, field.name)
        if getattr(newer, field.name) is not None
        else getattr(older, field.name)
        for field in fields(newer)
    }
    return type(newer)(**values)
