"""Surveys in PostgreSQL; the comments are nowhere else."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from shared.aliases import ids_of
from shared.contracts.values import Party
from shared.db import Connection, refusing, rows_affected
from shared.errors import StaleVersionError

from service_desk.surveys.domain import Survey, SurveyNotFoundError

_COLUMNS = """survey_id, kind, customer_id, contact_id, ticket_id, agent_id, status, score,
    comment, sent_at, answered_at, version"""
_FIND = f"SELECT {_COLUMNS} FROM surveys WHERE survey_id = $1"
_LOCK = f"{_FIND} FOR UPDATE"
_LIST = f"""
SELECT {_COLUMNS} FROM surveys
WHERE survey_id > $1 AND ($2::uuid[] IS NULL OR customer_id = ANY($2))
    AND ($3::uuid[] IS NULL OR contact_id = ANY($3)) AND ($4::uuid IS NULL OR ticket_id = $4)
ORDER BY survey_id LIMIT $5
"""
_LOCK_CONTACT = "SELECT pg_advisory_xact_lock(hashtextextended('survey:' || $1::text, 0))"
_WAS_ASKED = """
SELECT EXISTS (SELECT FROM surveys WHERE contact_id = ANY($1::uuid[]) AND sent_at > $2)
"""
_INSERT = f"""
INSERT INTO surveys ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
_SAVE = """
UPDATE surveys SET status = $2, score = $3, comment = $4, answered_at = $5, version = $6
WHERE survey_id = $1 AND version = $7
"""
_REPOINT = """
UPDATE surveys SET {column} = new.to_id
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS new (survey_id, from_id, to_id)
WHERE surveys.survey_id = new.survey_id AND surveys.{column} = new.from_id
"""
_REPOINT_OF = {
    "customer": _REPOINT.format(column="customer_id"),
    "contact": _REPOINT.format(column="contact_id"),
}


async def find_survey(connection: Connection, survey_id: UUID) -> Survey | None:
    row = await connection.fetchrow(_FIND, survey_id)
    return _survey(row) if row else None


async def load_survey(connection: Connection, survey_id: UUID) -> Survey:
    survey = await find_survey(connection, survey_id)
    if survey is None:
        raise SurveyNotFoundError(survey_id=survey_id)
    return survey


async def lock_survey(connection: Connection, survey_id: UUID) -> Survey:
    row = await connection.fetchrow(_LOCK, survey_id)
    if row is None:
        raise SurveyNotFoundError(survey_id=survey_id)
    return _survey(row)


async def list_surveys(
    connection: Connection,
    about: tuple[UUID | None, UUID | None, UUID | None],
    after: UUID,
    limit: int,
) -> list[Survey]:
    """`about` is customer, contact and ticket; None where it does not matter."""
    customer_id, contact_id, ticket_id = about
    customers = await ids_of(connection, customer_id) if customer_id else None
    contacts = await ids_of(connection, contact_id) if contact_id else None
    rows = await connection.fetch(_LIST, after, customers, contacts, ticket_id, limit)
    return list(map(_survey, rows))


async def lock_contact(connection: Connection, contact_id: UUID) -> None:
    """Until the transaction ends, nobody else decides whether to ask this person."""
    await connection.execute(_LOCK_CONTACT, str(contact_id))


async def was_asked(connection: Connection, contact_ids: Sequence[UUID], since: datetime) -> bool:
    """Whether a person was, by any id that means them."""
    return bool(await connection.fetchval(_WAS_ASKED, contact_ids, since))


async def insert_survey(connection: Connection, survey: Survey) -> None:
    row = (getattr(survey, column.strip()) for column in _COLUMNS.split(","))
    with refusing({"surveys_pkey": StaleVersionError}, survey_id=survey.survey_id):
        await connection.execute(_INSERT, *row)


async def save_survey(connection: Connection, survey: Survey, old_version: int) -> None:
    status = await connection.execute(
        _SAVE,
        survey.survey_id,
        survey.status,
        survey.score,
        survey.comment,
        survey.answered_at,
        survey.version,
        old_version,
    )
    if rows_affected(status) == 0:
        raise StaleVersionError(survey_id=survey.survey_id)


async def repoint_surveys(
    connection: Connection, party: Party, moves: Sequence[tuple[UUID, UUID, UUID]]
) -> None:
    """Whom surveys name: each with the id from which and to which it goes; others stay."""
    if moves:
        columns = (list(column) for column in zip(*moves, strict=True))
        await connection.execute(_REPOINT_OF[party], *columns)


def _survey(row: asyncpg.Record) -> Survey:
    return Survey(**dict(row.items()))
