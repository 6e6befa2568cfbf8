"""What is done with handovers: started, acknowledged, closed; and what contacts itself moves."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from shared.cause import Cause
from shared.contracts.external import EmployeeAbsent, EmployeeLeft
from shared.db import Connection, Pool, transaction, with_retries
from shared.handovers import (
    HandoverPart,
    heir_of,
    note_start,
    require_employed,
    successors_of,
)
from shared.ids import derived_id
from shared.messaging import outbox
from shared.messaging.outbox import Fact
from shared.telemetry import new_trace

from contacts.customers import store as customers
from contacts.customers.domain import carry_out as carry_out_customer
from contacts.customers.places import ChangeOwner
from contacts.handovers import store
from contacts.handovers.domain import (
    Acknowledge,
    CloseHandover,
    Command,
    Handover,
    HandoverNotFoundError,
    StartHandover,
    carry_out,
    start,
)

SERVICE = "contacts"
_OVERDUE_AT_ONCE = 50


async def start_handover(pool: Pool, cause: Cause, command: StartHandover) -> Handover:
    async def attempt() -> Handover:
        async with transaction(pool) as connection:
            return await start_within(connection, cause, command)

    return await with_retries(attempt)


async def start_within(connection: Connection, cause: Cause, command: StartHandover) -> Handover:
    """Start it, or answer with the one that this id stands for."""
    known = await store.find_handover(connection, command.handover_id)
    started = start(known, command)
    if started is None:
        assert known is not None
        return known
    await require_employed(connection, command.to_owner_id, "to_owner_id")
    handover, fact = started
    await store.insert_handover(connection, handover)
    await note_start(connection, cause, fact)
    await outbox.append(connection, cause, [Fact(fact, handover.version)])
    return handover


async def follow_leaving(connection: Connection, cause: Cause, left: EmployeeLeft) -> None:
    """Hand everything over to whoever HR names; of somebody who left as well, to their heir.

    Nothing follows of a leaving that was told before: what runs of it runs on.
    """
    handover_id = derived_id("handover", left.employee_id, left.left_at.isoformat())
    if await store.find_handover(connection, handover_id):
        return
    command = StartHandover(
        handover_id=handover_id,
        from_owner_id=left.employee_id,
        to_owner_id=await _heir_after(connection, left),
        reason_code="left",
        started_by=cause.actor,
        at=cause.at,
    )
    await close_running(connection, cause, left.employee_id)
    await start_within(connection, cause, command)


async def _heir_after(connection: Connection, left: EmployeeLeft) -> str:
    """Whoever HR names, or has what was theirs; the manager where that would be the leaver."""
    named = await heir_of(connection, left.successor_id or left.manager_id)
    return left.manager_id if named == left.employee_id else named


async def follow_absence(connection: Connection, cause: Cause, absent: EmployeeAbsent) -> None:
    """Hand everything over to the deputy; of a deputy who left, to their heir.

    Nothing follows of an absence that is over, that was told before, or of somebody who left.
    """
    begun = absent.absent_from.astimezone(UTC).isoformat()
    handover_id = derived_id("handover", absent.employee_id, "absent", begun)
    if absent.absent_until <= cause.at or await store.find_handover(connection, handover_id):
        return
    if await successors_of(connection, [absent.employee_id]):
        return
    command = StartHandover(
        handover_id=handover_id,
        from_owner_id=absent.employee_id,
        to_owner_id=await heir_of(connection, absent.deputy_id),
        reason_code="absence",
        started_by=cause.actor,
        at=cause.at,
        until=absent.absent_until,
    )
    await close_running(connection, cause, absent.employee_id)
    await start_within(connection, cause, command)


async def close_running(connection: Connection, cause: Cause, from_owner_id: str) -> None:
    """End what of this employee is still running: it goes on in the one that follows."""
    for handover in await store.lock_running(connection, from_owner_id):
        await _save(connection, cause, handover, CloseHandover(cause.at))


async def acknowledge(
    connection: Connection, cause: Cause, handover_id: UUID, command: Acknowledge
) -> None:
    """Note a service's word; a word on a handover that is not ours is nobody's."""
    handover = await store.lock_handover(connection, handover_id)
    if handover is not None:
        await _save(connection, cause, handover, command)


async def acknowledge_own(connection: Connection, part: HandoverPart) -> None:
    """Contacts' own word, which needs no topic."""
    said = Acknowledge(SERVICE, part.moved, part.cause.at)
    await acknowledge(connection, part.cause, part.handover_id, said)


async def close_handover(pool: Pool, cause: Cause, handover_id: UUID) -> Handover:
    """A person does not wait any longer: what is unresolved is named."""
    async with transaction(pool) as connection:
        handover = await store.lock_handover(connection, handover_id)
        if handover is None:
            raise HandoverNotFoundError(handover_id=handover_id)
        return await _save(connection, cause, handover, CloseHandover(cause.at))


async def close_overdue(pool: Pool) -> bool:
    """The job: end handovers whose time is up; answers whether there were any."""
    async with transaction(pool) as connection:
        now = datetime.now(UTC)
        overdue = await store.lock_overdue(connection, now, _OVERDUE_AT_ONCE)
        for handover in overdue:
            cause = Cause(f"service:{SERVICE}", now, str(handover.handover_id), new_trace())
            await _save(connection, cause, handover, CloseHandover(now))
    return bool(overdue)


async def move(connection: Connection, part: HandoverPart, limit: int) -> Mapping[str, int]:
    """Give the next few customers to the new owner, the archived ones too."""
    command = ChangeOwner(part.to_owner_id, "handover", part.handover_id)
    locked = await customers.lock_customers_of_owner(connection, part.from_owner_id, limit)
    changes = [carry_out_customer(customer, command) for customer in locked]
    await customers.save_changes(connection, part.cause, changes)
    return {"customers": sum(bool(change.facts) for change in changes)}


async def _save(
    connection: Connection, cause: Cause, handover: Handover, command: Command
) -> Handover:
    after, facts = carry_out(handover, command)
    if after != handover:
        await store.save_handover(connection, after)
        await outbox.append(connection, cause, [Fact(fact, after.version) for fact in facts])
    return after
