"""What is done with privacy requests: each step one transaction, and each may come again."""

from collections.abc import Awaitable, Callable, Container, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from shared.aliases import current_id
from shared.cause import Cause
from shared.contact_points import CHANNEL_OF_POINT, subject_hash
from shared.contracts.campaigns import FORM_STATE
from shared.contracts.contacts import PrivacyKind, RecordStatus, RejectedFor, Retained
from shared.contracts.topic import Event
from shared.db import Connection, Pool, transaction, with_retries
from shared.messaging import erased, outbox
from shared.messaging.outbox import Fact

from contacts import metrics
from contacts.customers import store as customers
from contacts.customers.domain import carry_out as carry_out_customer
from contacts.erasures import store as erasures
from contacts.erasures.handlers import erase
from contacts.people import store as people
from contacts.people.domain import Person
from contacts.people.domain import carry_out as carry_out_person
from contacts.points import PointRules
from contacts.privacy import store
from contacts.privacy.domain import (
    NOT_REJECTED,
    AccessIsUnderWayError,
    Ack,
    Address,
    CustomerIsNoPersonError,
    ErasureIsAskedForError,
    Found,
    NobodyIsNamedError,
    PrivacyRequest,
    PrivacyRequestExistsError,
    Whom,
    acknowledge,
    complete_erasure,
    lift,
    reject,
    restrict,
    start_erasure,
    verify,
)
from contacts.records import AwaitErasure, KeepRecord, StatusCommand
from contacts.suppressions import store as suppressions
from contacts.suppressions.domain import AddSuppression


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for, about whom, and by which employee it was taken down."""

    request_id: UUID
    kind: PrivacyKind
    contact_id: UUID | None
    customer_id: UUID | None
    by: str


async def request_erasure(pool: Pool, cause: Cause, asked: Asked) -> PrivacyRequest:
    """Take the request down; from now on nobody writes to the person or changes the records."""

    async def attempt() -> PrivacyRequest:
        async with transaction(pool) as connection:
            known = await store.find_request(connection, asked.request_id)
            if known is not None:
                return repeated(known, asked)
            whom = await whom_of(connection, asked)
            other = await store.find_request_of(connection, "erasure", whom, NOT_REJECTED)
            if other is not None:
                raise ErasureIsAskedForError(request_id=other)
            request = await received(connection, cause, asked, whom)
            request = replace(request, former_statuses=await _await(connection, cause, request))
            request, facts = restrict(request, "erasure")
            await store.insert_request(connection, request)
            await publish(connection, cause, request, facts)
            return request

    return await with_retries(attempt)


async def restrict_processing(pool: Pool, cause: Cause, asked: Asked) -> PrivacyRequest:
    """Leave the person alone until the restriction is lifted."""

    async def attempt() -> PrivacyRequest:
        async with transaction(pool) as connection:
            known = await store.find_request(connection, asked.request_id)
            if known is not None:
                return repeated(known, asked)
            assert asked.contact_id is not None
            await people.lock_person(connection, asked.contact_id)
            request = await received(connection, cause, asked, Whom((asked.contact_id,)))
            request, facts = restrict(request, "all")
            await store.insert_request(connection, request)
            await store.insert_restrictions(connection, asked.request_id, [asked.contact_id])
            await publish(connection, cause, request, facts)
            return request

    return await with_retries(attempt)


async def lift_restriction(pool: Pool, cause: Cause, request_id: UUID) -> PrivacyRequest:
    async def step(connection: Connection, request: PrivacyRequest) -> PrivacyRequest:
        lifted, facts = lift(request, cause.at)
        await store.delete_restrictions(connection, request_id)
        await publish(connection, cause, lifted, facts)
        return lifted

    return await take(pool, request_id, step)


async def verify_identity(pool: Pool, request_id: UUID, verified_by: str) -> PrivacyRequest:
    async def step(_: Connection, request: PrivacyRequest) -> PrivacyRequest:
        return verify(request, verified_by)

    return await take(pool, request_id, step)


async def reject_request(
    pool: Pool, cause: Cause, request_id: UUID, reason_code: RejectedFor
) -> PrivacyRequest:
    """The records stand where they stood before."""

    async def step(connection: Connection, request: PrivacyRequest) -> PrivacyRequest:
        rejected, facts = reject(request, reason_code, cause.at)
        for record_id, status in request.former_statuses.items():
            keep = KeepRecord(request_id, status)
            await _change_status(connection, cause, [record_id], keep)
        await publish(connection, cause, rejected, facts)
        return rejected

    return await take(pool, request_id, step)


async def begin_erasure(
    pool: Pool, cause: Cause, request_id: UUID, holds: Sequence[Retained], rules: PointRules
) -> PrivacyRequest:
    """Ask every service to erase; the addresses are suppressed in the same transaction."""

    async def step(connection: Connection, request: PrivacyRequest) -> PrivacyRequest:
        found = await _find(connection, request.whom, holds, rules)
        started, facts = start_erasure(request, found)
        if facts:
            access = await store.find_request_of(
                connection, "export", request.whom, ("in-progress",)
            )
            if access is not None:
                raise AccessIsUnderWayError(request_id=access)
            await _suppress(connection, cause, request_id, found.addresses)
            await erased.lock_out(connection)
            await erased.erase_keys(connection, FORM_STATE, found.submission_ids)
            await publish(connection, cause, started, facts)
        return started

    return await take(pool, request_id, step)


async def note_ack(connection: Connection, cause: Cause, request_id: UUID, ack: Ack) -> None:
    """Note a service's answer; with the last one contacts erases its own and tells the end.

    All in the transaction of the answer: whatever dies in between, the answer comes again.
    """
    request = acknowledge(await store.lock_request(connection, request_id), ack)
    await store.insert_ack(connection, request_id, ack)
    if request.status != "in-progress" or request.awaited:
        return
    counts = await erase(
        connection, cause, request_id, request.whom.contact_ids, request.whom.customer_ids
    )
    await store.insert_ack(connection, request_id, Ack("contacts", counts, (), cause.at))
    completed, facts = complete_erasure(request, cause.at)
    await store.save_request(connection, completed)
    await publish(connection, cause, completed, facts)
    erased.BEFORE_COMMIT.reach()


async def watch_deadlines(pool: Pool) -> None:
    """The job: show how many requests wait, and how many of them too long."""
    counted = {each.kind: each for each in await store.count_open(pool, datetime.now(UTC))}
    for kind in ("erasure", "export"):
        waiting = counted.get(kind)
        metrics.PRIVACY_OPEN.labels(kind).set(waiting.open if waiting else 0)
        metrics.PRIVACY_LATE.labels(kind).set(waiting.late if waiting else 0)
        metrics.PRIVACY_OVERDUE.labels(kind).set(waiting.overdue if waiting else 0)


async def take(
    pool: Pool,
    request_id: UUID,
    step: Callable[[Connection, PrivacyRequest], Awaitable[PrivacyRequest]],
) -> PrivacyRequest:
    async def attempt() -> PrivacyRequest:
        async with transaction(pool) as connection:
            request = await step(connection, await store.lock_request(connection, request_id))
            await store.save_request(connection, request)
            return request

    return await with_retries(attempt)


def repeated(known: PrivacyRequest, asked: Asked) -> PrivacyRequest:
    named = {asked.contact_id, asked.customer_id} - {None}
    if known.kind != asked.kind or not named <= {*known.whom.contact_ids, *known.whom.customer_ids}:
        raise PrivacyRequestExistsError(request_id=asked.request_id)
    return known


async def received(
    connection: Connection, cause: Cause, asked: Asked, whom: Whom
) -> PrivacyRequest:
    policy = await store.load_policy(connection)
    return PrivacyRequest(
        request_id=asked.request_id,
        kind=asked.kind,
        whom=whom,
        scope=whom.scope,
        requested_by=asked.by,
        correlation_id=cause.correlation_id,
        received_at=cause.at,
        target_at=cause.at + policy.target,
        deadline_at=cause.at + policy.deadline,
    )


async def whom_of(connection: Connection, asked: Asked) -> Whom:
    """The person with all merged records, and the customer that is nobody but the person."""
    if asked.contact_id is None and asked.customer_id is None:
        raise NobodyIsNamedError(field="contact_id")
    contact_ids: list[UUID] = []
    customer_ids: list[UUID] = []
    if asked.contact_id is not None:
        await people.load_person(connection, asked.contact_id)
        contact_id = await current_id(connection, asked.contact_id)
        contact_ids = await erasures.find_all_contacts(connection, [contact_id])
        customer_ids = await erasures.find_customers_that_are(connection, contact_ids)
    if asked.customer_id is not None:
        customer = await customers.load_customer(connection, asked.customer_id)
        if customer.state.kind != "individual":
            raise CustomerIsNoPersonError(customer_id=asked.customer_id)
        customer_ids = [*customer_ids, await current_id(connection, asked.customer_id)]
    all_customers = await erasures.find_all_customers(connection, customer_ids)
    return Whom(tuple(contact_ids), tuple(all_customers))


async def _await(
    connection: Connection, cause: Cause, request: PrivacyRequest
) -> dict[UUID, RecordStatus]:
    """Let the records wait for their erasure; answers where they stood. Merged ones stay merged."""
    whom = request.whom
    locked = await customers.lock_customers(connection, whom.customer_ids)
    persons = await people.lock_people(connection, whom.contact_ids)
    former: dict[UUID, RecordStatus] = {
        key: each.state.record_status for key, each in locked.items()
    }
    former |= {key: each.state.record_status for key, each in persons.items()}
    waiting: dict[UUID, RecordStatus] = {
        key: status for key, status in former.items() if status != "merged"
    }
    await _change_status(connection, cause, list(waiting), AwaitErasure(request.request_id))
    return waiting


async def _change_status(
    connection: Connection, cause: Cause, record_ids: Sequence[UUID], command: StatusCommand
) -> None:
    """Ids of people and customers are of one kind: whoever has such a record finds it."""
    locked = await customers.lock_customers(connection, record_ids)
    persons = await people.lock_people(connection, record_ids)
    await customers.save_changes(
        connection, cause, [carry_out_customer(each, command) for each in locked.values()]
    )
    await people.save_changes(
        connection, cause, [carry_out_person(each, command) for each in persons.values()]
    )


async def _find(
    connection: Connection, whom: Whom, holds: Sequence[Retained], rules: PointRules
) -> Found:
    await customers.lock_customers(connection, whom.customer_ids)
    persons = await people.lock_people(connection, whom.contact_ids)
    return Found(
        addresses=addresses_of(persons.values(), rules),
        submission_ids=tuple(await erasures.list_submissions(connection, whom.contact_ids)),
        legal_holds=(*await erasures.list_holds(connection, whom.customer_ids), *holds),
    )


def addresses_of(
    persons: Iterable[Person], rules: PointRules, among: Container[str] | None = None
) -> tuple[Address, ...]:
    """Their addresses as suppressions know them: all, or those `among` these."""
    found: dict[Address, None] = {}
    for person in persons:
        for point in person.state.points:
            if among is not None and point.normalized not in among:
                continue
            channel = CHANNEL_OF_POINT[point.type]
            hashed = subject_hash(rules.hash_key, channel, point.normalized)
            found[Address(channel, hashed)] = None
    return tuple(found)


async def _suppress(
    connection: Connection, cause: Cause, request_id: UUID, addresses: Sequence[Address]
) -> None:
    for address in addresses:
        command = AddSuppression(
            channel=address.channel,
            subject_hash=address.subject_hash,
            reason_code="erasure",
            source_ref=f"privacy-request:{request_id}",
            at=cause.at,
        )
        await suppressions.record(connection, cause, command)


async def publish(
    connection: Connection, cause: Cause, request: PrivacyRequest, facts: Sequence[Event]
) -> None:
    first = request.version - len(facts) + 1
    await outbox.append(connection, cause, [Fact(each, first + n) for n, each in enumerate(facts)])
