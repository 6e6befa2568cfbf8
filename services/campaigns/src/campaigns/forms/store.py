"""SQL of forms and submissions."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

import asyncpg
from shared.contracts.campaigns import FormState
from shared.db import Connection, Pool
from shared.messaging.outbox import Fact

from campaigns.forms.domain import Form, FormNotFoundError, OfferedConsent

_COLUMNS = (
    "form_id, form_version, kind, title, consents, campaign_id, product_interests, published_at"
)
_FIND_CURRENT = f"""
SELECT {_COLUMNS} FROM forms WHERE form_id = $1 ORDER BY form_version DESC LIMIT 1
"""
_LOAD = f"SELECT {_COLUMNS} FROM forms WHERE form_id = $1 AND form_version = $2"
_LIST = f"""
SELECT {_COLUMNS} FROM (
    SELECT DISTINCT ON (form_id) {_COLUMNS} FROM forms WHERE $1::text IS NULL OR form_id > $1
    ORDER BY form_id, form_version DESC
) AS current ORDER BY form_id LIMIT $2
"""
_INSERT = f"""
INSERT INTO forms ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT ON CONSTRAINT forms_pkey DO NOTHING
"""
_INSERT_SUBMISSION = """
INSERT INTO submissions (submission_id, form_id, form_version, fields, ip_hash, submitted_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (submission_id) DO NOTHING
"""
_LOCK_SUBMISSIONS = """
SELECT submission_id, fields, ip_hash FROM submissions WHERE submission_id = ANY($1::uuid[])
ORDER BY submission_id FOR UPDATE
"""


def _form_of(row: asyncpg.Record) -> Form:
    values: dict[str, Any] = dict(row)
    consents = tuple(OfferedConsent(**consent) for consent in json.loads(values.pop("consents")))
    interests = tuple(values.pop("product_interests"))
    return Form(**values, consents=consents, product_interests=interests)


async def find_current_form(connection: Connection, form_id: str) -> Form | None:
    row = await connection.fetchrow(_FIND_CURRENT, form_id)
    return _form_of(row) if row else None


async def load_form(connection: Connection, form_id: str, form_version: int) -> Form:
    """Raises `FormNotFoundError`."""
    row = await connection.fetchrow(_LOAD, form_id, form_version)
    if row is None:
        raise FormNotFoundError(form_id=form_id)
    return _form_of(row)


async def list_forms(pool: Pool, after: str | None, limit: int) -> list[Form]:
    """The current version of each form."""
    return [_form_of(row) for row in await pool.fetch(_LIST, after, limit)]


async def insert_form(connection: Connection, form: Form) -> bool:
    """Answers False where another has just published this version."""
    consents = [asdict(consent) for consent in form.consents]
    status = await connection.execute(
        _INSERT,
        form.form_id,
        form.form_version,
        form.kind,
        form.title,
        json.dumps(consents),
        form.campaign_id,
        form.product_interests,
        form.published_at,
    )
    return status.endswith("1")


async def insert_submission(connection: Connection, state: FormState) -> bool:
    """Answers False where this submission has been received before."""
    status = await connection.execute(
        _INSERT_SUBMISSION,
        state.submission_id,
        state.form_id,
        state.form_version,
        state.model_dump_json(exclude={"submission_id", "ip_hash"}, exclude_none=True),
        state.ip_hash,
        state.submitted_at,
    )
    return status.endswith("1")


async def lock_snapshots(connection: Connection, submission_ids: Sequence[UUID]) -> list[Fact]:
    """The submissions among these ids as they were written, locked; they never change."""
    rows = await connection.fetch(_LOCK_SUBMISSIONS, submission_ids)
    return [Fact(_submission_of(row), 1) for row in rows]


def _submission_of(row: asyncpg.Record) -> FormState:
    own = {"submission_id": row["submission_id"], "ip_hash": row["ip_hash"]}
    return FormState.model_validate({**json.loads(row["fields"]), **own})
