"""What is done with access requests: taken down, started, acknowledged, assembled, forgotten."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import structlog
from shared.access_requests import Part, collect
from shared.cause import Cause
from shared.contracts.contacts import ExportRequested
from shared.db import Connection, Pool, transaction, with_retries
from shared.failpoints import Failpoint
from shared.telemetry import continue_trace

from contacts.access_requests import store
from contacts.access_requests.domain import (
    AccessIsAskedForError,
    PersonIsBeingErasedError,
    asked_of,
    complete_export,
    start_export,
)
from contacts.access_requests.store import Bundle
from contacts.customers import store as customers
from contacts.departments import Departments, DepartmentSilentError
from contacts.erasures import store as erasures
from contacts.people import store as people
from contacts.points import PointRules
from contacts.privacy import store as requests
from contacts.privacy.domain import OPEN, Ack, Found, PrivacyRequest
from contacts.privacy.handlers import (
    Asked,
    addresses_of,
    publish,
    received,
    repeated,
    take,
    whom_of,
)

AT_ONCE = 10
"""How many requests one run of the job assembles."""

_BEFORE_COMMIT = Failpoint("access.before-commit")
_AFTER_COMMIT = Failpoint("access.after-commit")

logger = structlog.stdlib.get_logger()


async def request_export(pool: Pool, cause: Cause, asked: Asked) -> PrivacyRequest:
    """Take the request down; nothing is collected before the identity is verified."""

    async def attempt() -> PrivacyRequest:
        async with transaction(pool) as connection:
            known = await requests.find_request(connection, asked.request_id)
            if known is not None:
                return repeated(known, asked)
            whom = await whom_of(connection, asked)
            await people.lock_people(connection, whom.contact_ids)
            other = await requests.find_request_of(connection, "export", whom, OPEN)
            if other is not None:
                raise AccessIsAskedForError(request_id=other)
            request = await received(connection, cause, asked, whom)
            await requests.insert_request(connection, request)
            return request

    return await with_retries(attempt)


async def begin_export(
    pool: Pool, cause: Cause, request_id: UUID, rules: PointRules
) -> PrivacyRequest:
    """Ask every service what it holds."""

    async def step(connection: Connection, request: PrivacyRequest) -> PrivacyRequest:
        found = await _find(connection, request, rules)
        started, facts = start_export(request, found)
        if facts:
            erasure = await requests.find_request_of(
                connection, "erasure", request.whom, ("in-progress", "completed")
            )
            if erasure is not None:
                raise PersonIsBeingErasedError(request_id=erasure)
        await publish(connection, cause, started, facts)
        return started

    return await take(pool, request_id, step)


async def note_collected(connection: Connection, request_id: UUID, ack: Ack) -> None:
    """Note that a service can tell its part; the job assembles when the last one can."""
    await requests.lock_request(connection, request_id)
    await requests.insert_ack(connection, request_id, ack)


async def assemble(pool: Pool, departments: Departments, rules: PointRules) -> bool:
    """The job: fetch what the services tell, and make the bundle; a silent one is asked again."""
    done = 0
    for request_id in await store.list_answered(pool, AT_ONCE):
        try:
            parts = await departments.fetch(request_id)
        except DepartmentSilentError:
            continue
        async with transaction(pool) as connection:
            await _complete(connection, request_id, parts, rules)
            _BEFORE_COMMIT.reach()
        _AFTER_COMMIT.reach()
        done += 1
    return done > 0


async def forget_bundles(pool: Pool) -> None:
    """The job: delete bundles whose time is over."""
    deleted = await store.delete_expired(pool, datetime.now(UTC))
    if deleted:
        logger.info("bundles_expired", count=deleted)


async def _complete(
    connection: Connection, request_id: UUID, parts: Mapping[str, Part], rules: PointRules
) -> None:
    """Two processes may assemble at once: who comes second finds the request completed."""
    request = await requests.lock_request(connection, request_id)
    now = datetime.now(UTC)
    expires_at = now + (await requests.load_policy(connection)).bundle_kept
    completed, facts = complete_export(request, expires_at, now)
    if not facts:
        return
    asked = await _asked(connection, request, rules)
    own = await collect(connection, store.SECTIONS, asked)
    bundle = Bundle({"contacts": own, **parts}, now, expires_at)
    await store.insert_bundle(connection, request, bundle)
    await requests.save_request(connection, completed)
    cause = Cause("service:contacts", now, request.correlation_id, continue_trace(None))
    await publish(connection, cause, completed, facts)


async def _asked(
    connection: Connection, request: PrivacyRequest, rules: PointRules
) -> ExportRequested:
    return asked_of(request, await _find(connection, request, rules))


async def _find(connection: Connection, request: PrivacyRequest, rules: PointRules) -> Found:
    """The locks keep an erasure of the same people from beginning meanwhile."""
    whom = request.whom
    await customers.lock_customers(connection, whom.customer_ids)
    persons = await people.lock_people(connection, whom.contact_ids)
    own = await store.list_own_addresses(connection, whom.contact_ids)
    return Found(
        addresses=addresses_of(persons.values(), rules, own),
        submission_ids=tuple(await erasures.list_submissions(connection, whom.contact_ids)),
    )
