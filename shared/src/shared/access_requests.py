"""A service's part in access requests: noted, told to contacts, forgotten when answered.

What is held is read when it is asked for and copied nowhere. A part is told only of people whose
request contacts has published, and only while that request is being answered. Each service has
the table `access_requests` in its own migrations, and names its sections: a query each, with the
parameters `$1` contact_ids, `$2` customer_ids, `$3` subject_hashes and `$4` submission_ids. What is
computed at every look and stands in no table is a section too, made by a function.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Depends

from shared.auth import Caller, allow
from shared.contracts.contacts.privacy import ExportCompleted, ExportRequested
from shared.contracts.privacy import EXPORT_ACKNOWLEDGED
from shared.db import Connection, transaction
from shared.errors import NotFoundError
from shared.failpoints import Failpoint
from shared.http.requests import Database
from shared.messaging import outbox
from shared.messaging.envelope import Received
from shared.messaging.outbox import Fact
from shared.messaging.reactions import Consumer

Sections: TypeAlias = Mapping[str, str]
"""The query of each section, by its name; numbers that must stay exact are cast to text."""

Part: TypeAlias = dict[str, list[dict[str, Any]]]
"""What a service holds of a person: the rows of each section, as JSON has them."""

Compute: TypeAlias = Callable[[Connection, ExportRequested], Awaitable[Part]]
"""Makes the sections that no table holds, of values as JSON has them."""

Discloser = Annotated[Caller, Depends(allow("disclosure"))]

PATH = "/v1/privacy/parts"

_BEFORE_ANSWER = Failpoint("access.before-answer")

_NOTE = """
INSERT INTO access_requests (request_id, asked) VALUES ($1, $2) ON CONFLICT DO NOTHING
"""
_FORGET = "DELETE FROM access_requests WHERE request_id = $1"
_TYPED = "WITH typed AS (SELECT $1::uuid[], $2::uuid[], $3::text[], $4::uuid[])"
_SECTION = "SELECT '{name}' AS section, coalesce(json_agg(f), '[]') AS rows FROM ({query}) AS f"


class AccessRequestNotFoundError(NotFoundError):
    """No access request of this id is being answered."""


async def collect(
    connection: Connection,
    sections: Sections,
    asked: ExportRequested,
    compute: Compute | None = None,
) -> Part:
    """What is held of the person, all as of one moment: one statement reads every section.

    What is computed comes after it, in the caller's transaction.
    """
    held = await _read(connection, sections, asked)
    return {**held, **await compute(connection, asked)} if compute else held


async def _read(connection: Connection, sections: Sections, asked: ExportRequested) -> Part:
    parts = (_SECTION.format(name=name, query=query) for name, query in sections.items())
    rows = await connection.fetch(
        f"{_TYPED} {' UNION ALL '.join(parts)}",
        asked.contact_ids,
        asked.customer_ids,
        asked.subject_hashes,
        asked.submission_ids,
    )
    return {row["section"]: json.loads(row["rows"]) for row in rows}


def counted(part: Part) -> dict[str, int]:
    """How many rows each section has."""
    return {section: len(rows) for section, rows in part.items()}


def answering(consumer: Consumer, sections: Sections, compute: Compute | None = None) -> Consumer:
    """Let the service's consumer of privacy requests take part in access requests, too."""

    @consumer.on(ExportRequested)
    async def on_export_requested(
        connection: Connection, received: Received[ExportRequested]
    ) -> None:
        asked = received.event
        await connection.execute(_NOTE, asked.request_id, asked.model_dump_json())
        part = await collect(connection, sections, asked, compute)
        acknowledged = EXPORT_ACKNOWLEDGED[consumer.service](
            request_id=asked.request_id, collected=counted(part)
        )
        cause = received.envelope.cause(consumer.service, at=datetime.now(UTC))
        await outbox.append(connection, cause, [Fact(acknowledged, 1)])
        _BEFORE_ANSWER.reach()

    @consumer.on(ExportCompleted)
    async def on_export_completed(
        connection: Connection, received: Received[ExportCompleted]
    ) -> None:
        await connection.execute(_FORGET, received.event.request_id)

    del on_export_requested, on_export_completed
    return consumer


def part_router(sections: Sections, compute: Compute | None = None) -> APIRouter:
    """The door where contacts fetches the part of this service."""
    router = APIRouter(prefix=PATH, tags=["privacy"])
    router.get("/{request_id}")(_telling(sections, compute))
    return router


def _telling(sections: Sections, compute: Compute | None) -> Callable[..., Any]:
    async def read_part(caller: Discloser, pool: Database, request_id: UUID) -> Part:
        """All that this service holds of the person, while contacts assembles the bundle."""
        del caller
        async with transaction(pool) as connection:
            asked = await connection.fetchval(
                "SELECT asked FROM access_requests WHERE request_id = $1", request_id
            )
            if asked is None:
                raise AccessRequestNotFoundError(request_id=request_id)
            request = ExportRequested.model_validate_json(asked)
            return await collect(connection, sections, request, compute)

    return read_part
