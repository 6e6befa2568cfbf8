"""The tables of privacy requests, their acknowledgements, restrictions and policies."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter
from shared.contracts.contacts import PrivacyKind, PrivacyStatus, Retained
from shared.db import Connection, Pool, refusing
from shared.errors import StaleVersionError

from contacts.privacy.domain import (
    OPEN,
    Ack,
    Policy,
    PrivacyRequest,
    PrivacyRequestNotFoundError,
    Whom,
)

_COLUMNS = """request_id, version, kind, status, scope, contact_ids, customer_ids,
    former_statuses, retained, required_acks, reason_code, verified_by, requested_by,
    correlation_id, received_at, target_at, deadline_at, ended_at"""
_SELECT = f"""
SELECT {_COLUMNS}, (
    SELECT json_agg(privacy_acks ORDER BY acknowledged_at, service) FROM privacy_acks
    WHERE privacy_acks.request_id = privacy_requests.request_id
) AS acks
FROM privacy_requests
"""
_INSERT = f"""
INSERT INTO privacy_requests ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
    $12, $13, $14, $15, $16, $17, $18)
"""
_SAVE = """
UPDATE privacy_requests SET version = $2, status = $3, retained = $4, required_acks = $5,
    reason_code = $6, verified_by = $7, ended_at = $8
WHERE request_id = $1
"""
_INSERT_ACK = """
INSERT INTO privacy_acks (request_id, service, erased, retained, acknowledged_at)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
"""
_LIST = """
WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR kind = $2)
    AND ($3::uuid IS NULL OR contact_ids @> ARRAY[$3]::uuid[])
    AND ($4::uuid IS NULL OR customer_ids @> ARRAY[$4]::uuid[])
    AND ($5::timestamptz IS NULL OR deadline_at < $5 AND status = ANY($6::text[])
        AND kind <> 'restriction')
    AND ($7::timestamptz IS NULL OR (deadline_at, request_id) > ($7, $8::uuid))
ORDER BY deadline_at, request_id LIMIT $9
"""
_FIND_REQUEST = """
SELECT request_id FROM privacy_requests
WHERE kind = $3 AND status = ANY($4::text[])
    AND (contact_ids && $1::uuid[] OR customer_ids && $2::uuid[])
LIMIT 1
"""
_COUNT_OPEN = """
SELECT kind, count(*) AS open, count(*) FILTER (WHERE deadline_at < $1) AS overdue,
    count(*) FILTER (WHERE target_at < $1) AS late
FROM privacy_requests
WHERE status = ANY($2::text[]) AND kind <> 'restriction' GROUP BY kind
"""
_POLICY = """
SELECT deadline, target, bundle_kept FROM privacy_policies ORDER BY policy_version DESC LIMIT 1
"""
_RETAINED: TypeAdapter[tuple[Retained, ...]] = TypeAdapter(tuple[Retained, ...])


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests a list is to hold; what is None does not matter."""

    status: PrivacyStatus | None = None
    kind: PrivacyKind | None = None
    contact_id: UUID | None = None
    customer_id: UUID | None = None
    due_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many requests of a kind are open; past the deadline, and past our own target."""

    kind: str
    open: int
    overdue: int
    late: int


async def load_policy(connection: Connection) -> Policy:
    row = await connection.fetchrow(_POLICY)
    assert row is not None
    return Policy(**dict(row))


async def find_request(connection: Connection, request_id: UUID) -> PrivacyRequest | None:
    row = await connection.fetchrow(f"{_SELECT} WHERE request_id = $1", request_id)
    return _request(row) if row else None


async def load_request(connection: Connection, request_id: UUID) -> PrivacyRequest:
    request = await find_request(connection, request_id)
    if request is None:
        raise PrivacyRequestNotFoundError(request_id=request_id)
    return request


async def lock_request(connection: Connection, request_id: UUID) -> PrivacyRequest:
    """The lock first, in a statement of its own: the answers are read after it."""
    await connection.execute(
        "SELECT 1 FROM privacy_requests WHERE request_id = $1 FOR UPDATE", request_id
    )
    return await load_request(connection, request_id)


async def find_request_of(
    connection: Connection, kind: PrivacyKind, whom: Whom, statuses: Sequence[PrivacyStatus]
) -> UUID | None:
    """A request of this kind that stands so, about somebody among these."""
    request_id: UUID | None = await connection.fetchval(
        _FIND_REQUEST, whom.contact_ids, whom.customer_ids, kind, list(statuses)
    )
    return request_id


async def list_requests(
    connection: Connection, wanted: Wanted, after: Sequence[Any] | None, limit: int
) -> list[PrivacyRequest]:
    """Requests, the one whose deadline comes first at the top."""
    deadline_at, request_id = after or (None, None)
    rows = await connection.fetch(
        _SELECT + _LIST,
        wanted.status,
        wanted.kind,
        wanted.contact_id,
        wanted.customer_id,
        wanted.due_before,
        list(OPEN),
        deadline_at,
        request_id,
        limit,
    )
    return [_request(row) for row in rows]


async def count_open(pool: Pool, now: datetime) -> list[Waiting]:
    rows = await pool.fetch(_COUNT_OPEN, now, list(OPEN))
    return [Waiting(**dict(row)) for row in rows]


async def insert_request(connection: Connection, request: PrivacyRequest) -> None:
    with refusing({"privacy_requests_pkey": StaleVersionError}, request_id=request.request_id):
        await connection.execute(
            _INSERT,
            request.request_id,
            request.version,
            request.kind,
            request.status,
            request.scope,
            request.whom.contact_ids,
            request.whom.customer_ids,
            json.dumps({str(each): status for each, status in request.former_statuses.items()}),
            _RETAINED.dump_json(request.retained).decode(),
            request.required_acks,
            request.reason_code,
            request.verified_by,
            request.requested_by,
            request.correlation_id,
            request.received_at,
            request.target_at,
            request.deadline_at,
            request.ended_at,
        )


async def save_request(connection: Connection, request: PrivacyRequest) -> None:
    """The caller holds its lock."""
    await connection.execute(
        _SAVE,
        request.request_id,
        request.version,
        request.status,
        _RETAINED.dump_json(request.retained).decode(),
        request.required_acks,
        request.reason_code,
        request.verified_by,
        request.ended_at,
    )


async def insert_ack(connection: Connection, request_id: UUID, ack: Ack) -> None:
    await connection.execute(
        _INSERT_ACK,
        request_id,
        ack.service,
        json.dumps(dict(ack.counts)),
        _RETAINED.dump_json(ack.retained).decode(),
        ack.acknowledged_at,
    )


async def insert_restrictions(
    connection: Connection, request_id: UUID, contact_ids: Iterable[UUID]
) -> None:
    await connection.execute(
        "INSERT INTO restrictions (contact_id, request_id)"
        " SELECT contact_id, $1 FROM unnest($2::uuid[]) AS contact_id ON CONFLICT DO NOTHING",
        request_id,
        list(contact_ids),
    )


async def delete_restrictions(connection: Connection, request_id: UUID) -> None:
    await connection.execute("DELETE FROM restrictions WHERE request_id = $1", request_id)


def _request(row: asyncpg.Record) -> PrivacyRequest:
    values: dict[str, Any] = dict(row)
    whom = Whom(tuple(values.pop("contact_ids")), tuple(values.pop("customer_ids")))
    former = json.loads(values.pop("former_statuses"))
    acks = json.loads(values.pop("acks") or "[]")
    values["retained"] = _RETAINED.validate_json(values["retained"])
    values["required_acks"] = tuple(values["required_acks"])
    values["former_statuses"] = {UUID(each): status for each, status in former.items()}
    return PrivacyRequest(**values, whom=whom, acks=tuple(map(_ack, acks)))


def _ack(values: dict[str, Any]) -> Ack:
    return Ack(
        values["service"],
        values["erased"],
        _RETAINED.validate_python(values["retained"]),
        datetime.fromisoformat(values["acknowledged_at"]),
    )
